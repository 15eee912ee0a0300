"""A gateway with a team over an upstream that a test scripts: two organisations, and a key of each role in both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp, Settings, Team
from jackfield_gateway._protocol import bounded
from jackfield_gateway.state import Keys, Role, Secret, Teams, open_store, read_secret
from tests.apps.gateway.conftest import served
from tests.core.server import Server

MODEL = "openai/gpt-4o-mini"
HI = [{"role": "user", "content": "Hi"}]


@dataclass
class House:
    """A running gateway; `keys` has the text of a key by organisation and role."""

    url: str
    secret: Secret
    folder: Path
    app: GatewayApp
    address: str = ""
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    projects: dict[str, str] = field(default_factory=dict)
    organisations: dict[str, str] = field(default_factory=dict)
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=15), repr=False)

    def call(self, method: str, path: str, key: str | None = None, **more: Any) -> httpx.Response:
        """Call the gateway; the first organisation's administrator does unless a key is given, "" being none."""
        key = self.keys["first", "admin"] if key is None else key
        headers = {**more.pop("headers", {}), **({"authorization": f"Bearer {key}"} if key else {})}
        return self.client.request(method, self.address + path, headers=headers, **more)

    def manage(self, method: str, path: str, key: str | None = None, **more: Any) -> Any:
        """Call the management API, and return what a good answer holds."""
        answer = self.call(method, f"/api/manage/{path}", key, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def chat(self, key: str | None = None, **more: Any) -> httpx.Response:
        """Ask a chat."""
        headers = more.pop("headers", {})
        body = {"model": MODEL, "messages": HI, **more}
        return self.call("POST", "/v1/chat/completions", key, json=body, headers=headers)


Build = Callable[..., House]


async def _furnish(house: House) -> None:
    store = await open_store(house.url)
    teams, keys = Teams(store), Keys(store, house.secret)
    first = await keys.first()
    assert first is not None
    for name in ("first", "second"):
        if name == "first":
            organisation = (await teams.organisations())[0].id
            project = first.key.project_id
        else:
            organisation = (await teams.add_organisation(name)).id
            project = (await teams.add_project(organisation, name)).id
        house.organisations[name], house.projects[name] = organisation, project
        for role in get_args(Role):
            issued = await keys.create(project, f"{name} {role}", role=role)
            house.keys[name, role], house.ids[name, role] = issued.text, issued.key.id
    await store.close()


def first_key(folder: Path) -> tuple[str, str]:
    """Make a database in a folder for a process that is started on it; return its URL, and an administrator's key."""
    url = f"sqlite:///{folder / 'gateway.db'}"

    async def make() -> str:
        store = await open_store(url)
        issued = await Keys(store, read_secret(folder / "gateway.secret")).first()
        await store.close()
        assert issued is not None
        return issued.text

    return url, asyncio.run(make())


@contextmanager
def house_of(folder: Path, upstream: Server, **values: Any) -> Iterator[House]:
    """Build and serve one; `values` are settings, but for `boards`, `providers` and `url`."""
    url = values.pop("url", f"sqlite:///{folder / 'gateway.db'}")
    secret = read_secret(folder / "gateway.secret")
    default = {"openai": {"api_key": "sk-gateway-0123456789", "base_url": upstream.url}}
    providers = values.pop("providers", default)
    boards = values.pop("boards", None) or Boards({}, environ={})
    settings = Settings.model_validate({"retries": 0, **values})
    app = GatewayApp(providers, boards=boards, team=Team(url, secret), settings=settings)
    house = House(url, secret, folder, app)
    asyncio.run(_furnish(house))
    with house.client, served(app, http=bounded(settings.max_header)) as house.address:
        yield house


@pytest.fixture
def house(tmp_path: Path, upstream: Server) -> Iterator[House]:
    with house_of(tmp_path, upstream) as found:
        yield found
