"""The audit log: what is written down stays as it is, on either database."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from jackfield_gateway.state import Audit, StoreUnavailable, open_store
from jackfield_gateway.state.tables import AUDIT
from tests.apps.gateway.state.running import in_a_loop


@in_a_loop
async def test_the_database_refuses_to_change_what_is_written_down(url: str) -> None:
    store = await open_store(url)
    await Audit(store).add("key", "key.create", "subject", details={"a": "\x00", "n": 1})
    for statement in (update(AUDIT).values(actor="nobody"), delete(AUDIT), text("DELETE FROM audit")):
        with pytest.raises((DBAPIError, StoreUnavailable)):
            async with store.writing() as connection:
                await connection.execute(statement)
    [row], _ = await Audit(store).page()
    assert row.actor == "key"
    await store.close()
