"""Credentials of providers: sealed, opened where they belong, and under a new secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from jackfield import InvalidInput
from jackfield_gateway.state import Credentials, Secret, Teams, WrongSecret
from jackfield_gateway.state.tables import CREDENTIALS
from tests.apps.gateway.state.running import in_a_loop
from tests.apps.gateway.state.test_history import GRAMMAR
from tests.apps.gateway.state.test_keys import SECRET, Team

OLD = Secret(b"an older secret of at least 32 bytes")
CANARY = "sk-canary-7f3a9c"


@in_a_loop
async def test_a_credential_comes_back_and_its_value_is_shown_nowhere(url: str) -> None:
    team = await Team.of(url)
    credentials = Credentials(team.store, [SECRET])
    await credentials.put(team.project_id, "openai", {"api_key": CANARY, "organization": "org-ü"})
    found = await credentials.get(team.project_id, "openai")
    assert found is not None
    assert found.values == {"api_key": CANARY, "organization": "org-ü"}
    listed = await credentials.list(team.project_id)
    assert [(one.provider, one.name) for one in listed] == [("openai", "default")]
    async with team.store.reading() as connection:
        rows = (await connection.execute(select(CREDENTIALS))).all()
    assert CANARY not in f"{found!r} {found} {listed!r} {credentials!r} {rows!r}"
    await team.store.close()


def test_a_value_is_in_no_file(tmp_path: Path) -> None:
    @in_a_loop
    async def write() -> None:
        team = await Team.of(f"sqlite:///{tmp_path}/state.db")
        await Credentials(team.store, [SECRET]).put(team.project_id, "openai", {"api_key": CANARY})
        issued = await team.keys.create(team.project_id, "it")
        texts.append(issued.text)
        await team.store.close()

    texts = [CANARY]
    write()
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"openai" in held
    for text in texts:
        assert text.encode() not in held


@in_a_loop
async def test_a_credential_is_replaced_and_removed(url: str) -> None:
    team = await Team.of(url)
    credentials = Credentials(team.store, [SECRET])
    for value in ("first", "second"):
        await credentials.put(team.project_id, "openai", {"api_key": value})
    await credentials.put(team.project_id, "openai", {"api_key": "spare"}, name="spare")
    found = [await credentials.get(team.project_id, "openai", name=name) for name in ("default", "spare", "none")]
    assert [one and one.values["api_key"] for one in found] == ["second", "spare", None]
    assert await credentials.remove(team.project_id, "openai")
    assert not await credentials.remove(team.project_id, "openai")
    assert [one.name for one in await credentials.list(team.project_id)] == ["spare"]
    await team.store.close()


@in_a_loop
async def test_another_project_has_none_of_it(url: str) -> None:
    team = await Team.of(url)
    other = await Teams(team.store).add_project(team.organisation_id, "other")
    credentials = Credentials(team.store, [SECRET])
    await credentials.put(team.project_id, "openai", {"api_key": CANARY})
    assert await credentials.get(other.id, "openai") is None
    assert await credentials.list(other.id) == []
    async with team.store.writing() as connection:
        await connection.execute(update(CREDENTIALS).values(project_id=other.id))
    with pytest.raises(WrongSecret, match="sealed for another place"):
        await credentials.get(other.id, "openai")
    await team.store.close()


@in_a_loop
async def test_a_new_secret_takes_over(url: str) -> None:
    team = await Team.of(url)
    await Credentials(team.store, [OLD]).put(team.project_id, "openai", {"api_key": CANARY})
    with pytest.raises(WrongSecret, match="opens under none") as caught:
        await Credentials(team.store, [SECRET]).get(team.project_id, "openai")
    assert CANARY not in str(caught.value)
    with pytest.raises(WrongSecret):
        await Credentials(team.store, [SECRET]).reseal()
    both = Credentials(team.store, [SECRET, OLD])
    found = await both.get(team.project_id, "openai")
    assert found is not None
    assert await both.reseal() == 1
    assert await Credentials(team.store, [SECRET]).get(team.project_id, "openai") == found
    with pytest.raises(WrongSecret):
        await Credentials(team.store, [OLD]).get(team.project_id, "openai")
    await team.store.close()


@in_a_loop
async def test_a_changed_value_does_not_open(url: str) -> None:
    team = await Team.of(url)
    credentials = Credentials(team.store, [SECRET])
    await credentials.put(team.project_id, "openai", {"api_key": CANARY})
    for sealed in ("", "x", "ü", "gAAAAA"):
        async with team.store.writing() as connection:
            await connection.execute(update(CREDENTIALS).values(sealed=sealed))
        with pytest.raises(WrongSecret):
            await credentials.get(team.project_id, "openai")
    await team.store.close()


@in_a_loop
async def test_what_is_no_credential_is_refused(url: str) -> None:
    team = await Team.of(url)
    credentials = Credentials(team.store, [SECRET])
    for refused in (
        credentials.put("nowhere", "openai", {"api_key": "x"}),
        credentials.put(team.project_id, "", {"api_key": "x"}),
        credentials.put(team.project_id, "a\0b", {"api_key": "x"}),
        credentials.put(team.project_id, "openai", {}),
        credentials.put(team.project_id, "openai", {"api_key": ""}),
    ):
        with pytest.raises(InvalidInput):
            await refused
    for text in GRAMMAR:
        try:
            assert await credentials.get(team.project_id, text) is None
        except InvalidInput:
            assert "\0" in text or "\ud800" in text
    with pytest.raises(ValueError, match="need a secret"):
        Credentials(team.store, [])
    await team.store.close()
