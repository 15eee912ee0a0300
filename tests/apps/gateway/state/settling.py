"""A process that charges call after call until it is killed: `python -m tests.apps.gateway.state.settling URL COUNT`.

Each line that it prints says how many calls it has charged, and how many of those are committed.
"""

from __future__ import annotations

import asyncio
import sys

from jackfield_gateway.state import Ledger, Payer, open_store

PAYER = Payer("key", "project", "organisation")
COST = 1_000


async def main(url: str, count: int) -> None:
    """Charge the calls 0 to count, whose ids are the same in every process."""
    store = await open_store(url)
    ledger = Ledger(store)
    for index in range(count):
        reservation = await ledger.reserve(PAYER, COST, f"call-{index:07}")
        ledger.settle(reservation, COST)
        print(index + 1, ledger.committed, flush=True)
        await asyncio.sleep(0.001)
    await ledger.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
