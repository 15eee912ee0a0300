"""Item 2: every route times every role, generated from what the gateway serves; a route without an entry here fails.

The entries are written by hand: a role that may is let in, whatever becomes of an empty request; every other one, and
who has no key, is refused before anything is read.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from typing import get_args

import pytest

from jackfield_gateway.state import Role
from tests.apps.gateway.team.conftest import House, house_of
from tests.core.server import completion, running, whole

pytestmark = pytest.mark.needs("module:sqlalchemy")
PUBLISHED = "/publishers/google/models/{model}"
#: The least role of each route.
MATRIX = {
    # open to everybody
    "GET /healthz": None,
    "GET /readyz": None,
    # what the gateway tells of itself
    "GET /openapi.json": "viewer",
    "GET /metrics": "viewer",
    "GET /": "viewer",
    # dialects
    "POST /v1/chat/completions": "member",
    "POST /v1/embeddings": "member",
    "POST /v1/rerank": "member",
    "POST /v1/responses/input_tokens": "member",
    "POST /v1/messages/count_tokens": "member",
    "POST /v2/rerank": "member",
    "POST /v1/responses": "member",
    "GET /v1/models": "viewer",
    "POST /v1/messages": "member",
    "POST /v2/chat": "member",
    "POST /v2/embed": "member",
    "POST /api/chat": "member",
    "POST /api/embed": "member",
    "GET /api/tags": "viewer",
    "GET /v1beta/models": "viewer",
    "POST /model/{model}/converse": "member",
    "POST /model/{model}/converse-stream": "member",
    **{
        f"POST /{version}/models/{{model}}:{verb}": "member"
        for version in ("v1", "v1beta")
        for verb in ("generateContent", "streamGenerateContent", "embedContent", "batchEmbedContents", "countTokens")
    },
    **{
        f"POST /{version}/projects/{{project}}/locations/{{location}}{PUBLISHED}:{verb}": "member"
        for version in ("v1", "v1beta1")
        for verb in ("generateContent", "streamGenerateContent")
    },
    # Eden
    "POST /v2/multimodal/chat": "member",
    "POST /v2/text/chat": "member",
    "POST /v2/text/chat/stream": "member",
    "POST /v2/llm/chat": "member",
    "POST /v2/aiproducts/askyoda/v2/{project_id}/generate": "member",
    "GET /v2/info/provider_subfeatures": "viewer",
    "GET /v2/cost_management": "viewer",
    "GET /v2/cost_management/credits": "viewer",
    # JamAI
    "POST /api/v1/chat/completions": "member",
    "POST /api/v1/embeddings": "member",
    "POST /api/v1/rerank": "member",
    "GET /api/v1/models": "viewer",
    "GET /api/v1/models/ids": "viewer",
    # management
    "GET /api/manage/me": "viewer",
    "GET /api/manage/organisations": "admin",
    "POST /api/manage/organisations": "admin",
    "GET /api/manage/projects": "admin",
    "POST /api/manage/projects": "admin",
    "GET /api/manage/users": "admin",
    "POST /api/manage/users": "admin",
    "PATCH /api/manage/users/{id}": "admin",
    "GET /api/manage/keys": "admin",
    "POST /api/manage/keys": "admin",
    "POST /api/manage/keys/{id}/revoke": "admin",
    "POST /api/manage/keys/{id}/rotate": "admin",
    "GET /api/manage/budgets": "viewer",
    "PUT /api/manage/budgets": "admin",
    "DELETE /api/manage/budgets/{id}": "admin",
    "GET /api/manage/credentials": "admin",
    "PUT /api/manage/credentials": "admin",
    "DELETE /api/manage/credentials": "admin",
    "GET /api/manage/requests": "viewer",
    "GET /api/manage/requests/{id}": "viewer",
    "POST /api/manage/requests/{id}/replay": "admin",
    "GET /api/manage/usage": "viewer",
    "GET /api/manage/audit": "admin",
    "GET /api/manage/configuration": "admin",
    "GET /api/manage/providers": "viewer",
}
_ROLES = get_args(Role)


@pytest.fixture(scope="module")
def served_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running() as upstream:
        upstream.answer(whole(completion("Hello")))
        with house_of(tmp_path_factory.mktemp("house"), upstream) as found:
            yield found


def test_item_2_every_route_has_an_entry_and_keeps_to_it(served_house: House) -> None:
    house, wrong = served_house, []
    for route in house.app.addresses:
        assert route in MATRIX, f"{route} has no entry: write down who may call it"
        needed = MATRIX[route]
        method, path = route.split(" ", 1)
        path = re.sub(r"\{[^}]*\}", "0" * 32, path)
        for role in (None, *_ROLES):
            key = "" if role is None else house.keys["second", role]
            status = house.call(method, path, key, json={} if method != "GET" else None).status_code
            may = needed is None or (role is not None and _ROLES.index(role) >= _ROLES.index(needed))
            if route == "GET /metrics":  # they tell of all organisations, and are for keys of the first one
                may = False
            if may == (status in (401, 403)):
                wrong.append((route, role, status))
    assert wrong == []


def test_item_2_no_entry_is_for_a_route_that_is_gone(served_house: House) -> None:
    assert MATRIX.keys() - set(served_house.app.addresses) == set()


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost:4000/#@x"},
        {"host": "127.0.0.1"},
        {"x-forwarded-host": "localhost", "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1"},
        {"x-forwarded-prefix": "/healthz", "x-original-url": "/healthz", "x-rewrite-url": "/healthz"},
        {"x-http-method-override": "GET", "x-forwarded-proto": "https"},
        {"x-user-id": "admin", "x-user-role": "admin", "x-remote-user": "admin", "x-authenticated-user": "first"},
    ],
)
def test_item_3_no_header_about_the_way_lets_anybody_in(served_house: House, headers: dict[str, str]) -> None:
    house, before = served_house, len(served_house.manage("GET", "keys")["data"])
    for path in ("/api/manage/keys", "/v1/chat/completions", "/api/manage/organisations"):
        answer = house.call("POST", path, "", json={"name": "x"}, headers=headers)
        assert answer.status_code == 401, answer.text
        answer = house.call("POST", path, house.keys["first", "viewer"], json={"name": "x"}, headers=headers)
        assert answer.status_code == 403, answer.text
    assert len(house.manage("GET", "keys")["data"]) == before


@pytest.mark.parametrize(
    "path",
    ["/api/manage/../manage/keys", "//api/manage/keys", "/api/manage/keys/", "/api/manage%2Fkeys", "/API/manage/keys",
     "/healthz/../api/manage/keys", "/api/manage/keys;x=1", "/api/./manage/keys"],
)  # fmt: skip
def test_item_2_no_other_writing_of_a_path_goes_round_the_key(served_house: House, path: str) -> None:
    host = served_house.address.removeprefix("http://")
    for key, allowed in (("", {401}), (served_house.keys["first", "viewer"], {403, 404})):
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.request("GET", path, headers={"authorization": f"Bearer {key}"} if key else {})
        assert connection.getresponse().status in allowed, path
        connection.close()
