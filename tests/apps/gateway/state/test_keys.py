"""Keys, those who have them, and who a caller is."""

from __future__ import annotations

import asyncio
import secrets
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from jackfield import ConfigurationError, InvalidInput
from jackfield_gateway.state import (
    Identities,
    Issued,
    Keys,
    Secret,
    Store,
    StoreUnavailable,
    Teams,
    open_store,
    read_secret,
)
from jackfield_gateway.state.tables import KEYS
from tests.apps.gateway.state.running import in_a_loop
from tests.apps.gateway.state.test_history import GRAMMAR

SECRET = Secret(b"0123456789abcdef0123456789abcdef")
HOUR = timedelta(hours=1)


class Team:
    """An organisation with a project, its keys, and who they are."""

    def __init__(self, store: Store, organisation_id: str, project_id: str) -> None:
        self.store = store
        self.organisation_id = organisation_id
        self.project_id = project_id
        self.teams = Teams(store)
        self.keys = Keys(store, SECRET)
        self.identities = Identities(store, SECRET)

    @classmethod
    async def of(cls, url: str) -> Team:
        store = await open_store(url)
        organisation = await Teams(store).add_organisation("Acme")
        project = await Teams(store).add_project(organisation.id, "search")
        return cls(store, organisation.id, project.id)

    async def knows(self, issued: Issued) -> bool:
        """Whether a process that has just begun knows a key."""
        return await Identities(self.store, SECRET).find(issued.text) is not None


@in_a_loop
async def test_a_key_is_shown_once_and_stored_as_a_keyed_hash(url: str) -> None:
    team = await Team.of(url)
    issued = await team.keys.create(
        team.project_id, "ci", models=["openai/*"], expires=datetime(2040, 1, 1, tzinfo=UTC)
    )
    assert issued.text not in repr(issued)
    assert issued.text.startswith(issued.key.prefix)
    async with team.store.reading() as connection:
        row = (await connection.execute(select(KEYS))).one()
    assert row.hash == SECRET.hash_key(issued.text)
    assert issued.text[11:] not in str(row)
    assert await team.keys.list() == [issued.key]
    assert Secret(b"another secret of 32 bytes or so").hash_key(issued.text) != row.hash
    await team.store.close()


@in_a_loop
async def test_a_caller_is_found_by_the_key_and_by_nothing_else(url: str) -> None:
    team = await Team.of(url)
    issued = await team.keys.create(team.project_id, "ci", role="viewer", models=["openai/gpt-4o*"], routes=["/v1/*"])
    found = await team.identities.find(issued.text)
    assert found is not None
    assert (found.key_id, found.project_id, found.organisation_id) == (
        issued.key.id, team.project_id, team.organisation_id,
    )  # fmt: skip
    assert (found.may("viewer"), found.may("member"), found.may("admin")) == (True, False, False)
    assert (found.allows_model("openai/gpt-4o-mini"), found.allows_model("openai/o3")) == (True, False)
    assert (found.allows_route("/v1/messages"), found.allows_route("/api/manage/keys")) == (True, False)
    hashed = SECRET.hash_key(issued.text)
    stored = (hashed, f"jf-{hashed}", f"jf-{hashed[:43]}", issued.key.prefix, issued.key.id)
    for sent in (*stored, issued.text + "x", issued.text[:-1], *GRAMMAR):
        assert await team.identities.find(sent) is None, sent
    await team.store.close()


@in_a_loop
async def test_an_empty_list_allows_nothing(url: str) -> None:
    team = await Team.of(url)
    issued = await team.keys.create(team.project_id, "nothing", models=[], routes=[])
    found = await team.identities.find(issued.text)
    assert found is not None
    assert (found.allows_model("openai/gpt-4o"), found.allows_route("/v1/models")) == (False, False)
    await team.store.close()


@pytest.mark.parametrize("length", [20, 40, 45])
@in_a_loop
async def test_keys_with_one_beginning_are_two_callers(url: str, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    team = await Team.of(url)
    first = await team.keys.create(team.project_id, "first")
    other = "".join("b" if letter == "a" else "a" for letter in first.text)
    with monkeypatch.context() as patched:  # the odds, not our code
        patched.setattr(secrets, "token_urlsafe", lambda _: (first.text[:length] + other[length:])[3:])
        second = await team.keys.create(team.project_id, "second")
    assert first.text[:length] == second.text[:length]
    for _ in range(2):  # from the database, then from the cache
        found = [await team.identities.find(issued.text) for issued in (first, second)]
        assert [one.name for one in found if one is not None] == ["first", "second"]
    await team.store.close()


@in_a_loop
async def test_a_key_ends_when_it_is_revoked_or_expires(url: str) -> None:
    team = await Team.of(url)
    revoked = await team.keys.create(team.project_id, "revoked")
    expired = await team.keys.create(team.project_id, "expired", expires=datetime.now(UTC) - HOUR)
    soon = await team.keys.create(team.project_id, "soon", expires=datetime.now(UTC) + timedelta(seconds=0.4))
    assert await team.identities.find(revoked.text) is not None
    assert await team.identities.find(soon.text) is not None
    await team.keys.revoke(revoked.key.id)
    team.identities.forget()
    await asyncio.sleep(0.5)
    for issued in (revoked, expired, soon):  # the last is in the cache
        assert await team.identities.find(issued.text) is None
    assert await team.keys.list() == []
    first = [key.revoked for key in await team.keys.list(ended=True)]
    await team.keys.revoke(revoked.key.id)
    assert [key.revoked for key in await team.keys.list(ended=True)] == first
    await team.store.close()


@in_a_loop
async def test_another_process_refuses_a_revoked_key_after_a_bounded_time(url: str) -> None:
    team = await Team.of(url)
    issued = await team.keys.create(team.project_id, "it")
    identities = Identities(team.store, SECRET, fresh=0.2)
    assert await identities.find(issued.text) is not None
    await team.keys.revoke(issued.key.id)
    await asyncio.sleep(0.25)
    assert await identities.find(issued.text) is None
    await team.store.close()


@in_a_loop
async def test_a_rotated_key_overlaps_with_its_successor(url: str) -> None:
    team = await Team.of(url)
    old = await team.keys.create(team.project_id, "it", role="admin", models=["a/*"], routes=["/v1/*"])
    new = await team.keys.rotate(old.key.id, overlap=HOUR)
    assert (new.key.name, new.key.role, new.key.models, new.key.routes) == ("it", "admin", ("a/*",), ("/v1/*",))
    assert (await team.knows(old), await team.knows(new)) == (True, True)
    was = next(key for key in await team.keys.list() if key.id == old.key.id)
    assert was.expires is not None
    assert abs(was.expires - datetime.now(UTC) - HOUR) < timedelta(seconds=30)
    with pytest.raises(InvalidInput, match="rotated already"):
        await team.keys.rotate(old.key.id)
    newest = await team.keys.rotate(new.key.id, overlap=timedelta(0))
    assert (await team.knows(new), await team.knows(newest)) == (False, True)
    with pytest.raises(InvalidInput, match="has ended"):
        await team.keys.rotate(new.key.id)
    await team.store.close()


@in_a_loop
async def test_rotation_does_not_lengthen_a_life(url: str) -> None:
    team = await Team.of(url)
    ends = datetime.now(UTC) + HOUR
    old = await team.keys.create(team.project_id, "it", expires=ends)
    new = await team.keys.rotate(old.key.id, overlap=48 * HOUR)
    assert {key.expires for key in await team.keys.list()} == {ends}
    assert new.key.expires == ends
    await team.store.close()


@in_a_loop
async def test_a_key_has_no_higher_role_than_its_user(url: str) -> None:
    team = await Team.of(url)
    user = await team.teams.add_user(team.organisation_id, "ada@example.com", "admin")
    issued = await team.keys.create(team.project_id, "hers", role="admin", user_id=user.id)
    roles = []
    for role in ("admin", "viewer", "member"):
        await team.teams.set_role(user.id, role)
        found = await Identities(team.store, SECRET).find(issued.text)
        roles.append(found and found.role)
    assert roles == ["admin", "viewer", "member"]
    await team.teams.disable(user.id)
    assert not await team.knows(issued)
    await team.store.close()


@in_a_loop
async def test_what_does_not_belong_together_is_refused(url: str) -> None:
    team = await Team.of(url)
    other = await team.teams.add_organisation("Other")
    stranger = await team.teams.add_user(other.id, "eve")
    await team.teams.add_project(other.id, "search")
    for refused in (
        team.teams.add_organisation("Acme"),
        team.teams.add_project(team.organisation_id, "search"),
        team.teams.add_project("nowhere", "x"),
        team.teams.add_user(other.id, "bob", "root"),  # type: ignore[arg-type] # from a request, it may be any text
        team.teams.add_organisation(""),
        team.teams.add_organisation("a\0b"),
        team.teams.add_organisation("x" * 201),
        team.teams.set_role("nobody", "admin"),
        team.keys.create("nowhere", "x"),
        team.keys.create("a\0b", "x"),
        team.keys.create(team.project_id, "x", user_id=stranger.id),
        team.keys.revoke("nothing"),
        team.keys.rotate("nothing"),
    ):
        with pytest.raises(InvalidInput):
            await refused
    assert [project.name for project in await team.teams.projects(team.organisation_id)] == ["search"]
    assert [user.name for user in await team.teams.users(team.organisation_id)] == []
    assert [found.name for found in await team.teams.organisations()] == ["Acme", "Other"]
    assert await team.keys.list(organisation_id=team.organisation_id) == []
    await team.store.close()


@in_a_loop
async def test_the_first_key_is_issued_once(url: str) -> None:
    store = await open_store(url)
    stores = [await open_store(url) for _ in range(4)]
    issued = await asyncio.gather(*(Keys(one, SECRET).first() for one in stores))
    (first,) = [one for one in issued if one is not None]
    found = await Identities(store, SECRET).find(first.text)
    assert found is not None
    assert found.may("admin")
    assert await Keys(store, SECRET).first() is None
    for one in (store, *stores):
        await one.close()


@in_a_loop
async def test_a_store_that_is_down_is_no_answer_about_a_key(url: str) -> None:
    team = await Team.of(url)
    known = await team.keys.create(team.project_id, "known")
    unknown = await team.keys.create(team.project_id, "not read yet")
    impatient = await open_store(url, seconds=0.3)
    identities = Identities(impatient, SECRET, fresh=0.05, stale=1.5, wait=0.4)
    assert await identities.find(known.text) is not None
    await impatient.close()
    await _take_down(impatient)
    await asyncio.sleep(0.1)
    for _ in range(3):
        assert await identities.find(known.text) is not None
        with pytest.raises(StoreUnavailable) as caught:
            await identities.find(unknown.text)
        assert (caught.value.status, caught.value.retry_after) == (503, 1.0)
    assert await identities.find("no key at all") is None
    await asyncio.sleep(1.5)
    with pytest.raises(StoreUnavailable):
        await identities.find(known.text)
    await team.store.close()


@in_a_loop
async def test_many_who_ask_for_one_key_share_one_query(url: str) -> None:
    team = await Team.of(url)
    issued = await team.keys.create(team.project_id, "it")
    queries = []
    event.listen(team.store._reader.sync_engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
    tasks = [asyncio.create_task(team.identities.find(issued.text)) for _ in range(50)]
    await asyncio.sleep(0)
    tasks[0].cancel()  # whoever asked first may leave
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in found] == [True] + [False] * 49
    assert all(one is not None for one in found)
    assert len([query for query in queries if "hash" in query]) == 1
    await team.identities.find(issued.text)
    assert len([query for query in queries if "hash" in query]) == 1
    await team.store.close()


@in_a_loop
async def test_the_caches_are_bounded_and_strangers_push_out_nobody(url: str) -> None:
    team = await Team.of(url)
    issued = [await team.keys.create(team.project_id, str(index)) for index in range(6)]
    identities = Identities(team.store, SECRET, size=4)
    for one in issued:
        assert await identities.find(one.text) is not None
    for _ in range(20):
        assert await identities.find(f"jf-{secrets.token_urlsafe(32)}") is None
    assert len(identities._found) == len(identities._missing) == 4
    assert SECRET.mark(issued[-1].text) in identities._found
    await team.store.close()


def test_a_secret_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    first = read_secret(tmp_path / "secret")
    assert read_secret(tmp_path / "secret").hash_key("x") == first.hash_key("x")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert first.derive("a") != first.derive("b")
    assert (tmp_path / "secret").read_text().strip() not in repr(first)
    with pytest.raises(ConfigurationError, match="needs 32 or more"):
        Secret(b"short")
    with pytest.raises(ConfigurationError, match="cannot be made"):
        read_secret(tmp_path / "nowhere" / "secret")


async def _take_down(store: Store) -> None:
    """Let every further connection fail, as to a server that has gone."""

    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    event.listen(store._reader.sync_engine, "do_connect", refuse)
