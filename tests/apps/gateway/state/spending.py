"""A process that makes calls at random under a budget: `python -m tests.apps.gateway.state.spending URL SEED`."""

from __future__ import annotations

import asyncio
import random
import sys

from jackfield_gateway.state import BudgetExceeded, Ledger, open_store
from tests.apps.gateway.state.settling import PAYER


async def main(url: str, seed: int) -> None:
    """Make 15 series of calls side by side, none of which costs more than it was thought to; some cost nothing."""
    numbers = random.Random(seed)
    store = await open_store(url)
    ledger = Ledger(store, group_seconds=0.02, lease_seconds=5)

    async def series() -> None:
        for _ in range(25):
            await asyncio.sleep(numbers.random() * 0.03)
            estimate = numbers.randint(1, 300)
            try:
                reservation = await ledger.reserve(PAYER, estimate)
            except BudgetExceeded:
                continue
            await asyncio.sleep(numbers.random() * 0.05)
            if numbers.random() < 0.2:
                ledger.release(reservation)
            else:
                ledger.settle(reservation, numbers.randint(0, estimate))

    await asyncio.gather(*(series() for _ in range(15)))
    await ledger.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
