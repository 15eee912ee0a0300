"""The management API: what each address does, what stays in one's own organisation, and what is written down of it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sqlite3
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jackfield import Boards
from jackfield_gateway import keys_command
from tests.apps.gateway.team.conftest import House, house_of
from tests.core.server import Server, completion, whole

pytestmark = pytest.mark.needs("module:sqlalchemy")
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}


def rows(house: House, count: int, key: str | None = None) -> list[dict[str, Any]]:
    """Return the history once it has so many rows."""
    until = time.monotonic() + 10
    while True:
        found: list[dict[str, Any]] = house.manage("GET", "requests", key)["data"]
        if len(found) >= count or time.monotonic() > until:
            return found
        time.sleep(0.05)


def test_keys_are_issued_listed_rotated_and_revoked(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    made = house.manage("POST", "keys", json={"name": "app", "models": ["openai/*"], "routes": ["/v1/*"]})
    assert house.chat(made["key"]).status_code == 200
    listed = house.manage("GET", "keys")["data"]
    [shown] = [row for row in listed if row["name"] == "app"]
    assert shown == made["data"]
    assert made["key"] not in json.dumps(listed)
    turned = house.manage("POST", f"keys/{shown['id']}/rotate", json={"overlap_hours": 1})
    assert house.chat(turned["key"]).status_code == 200
    assert house.chat(made["key"]).status_code == 200
    house.manage("POST", f"keys/{shown['id']}/revoke")
    assert house.chat(made["key"]).status_code == 401, "at once, in the process that did it"
    assert house.chat(turned["key"]).status_code == 200
    assert house.call("POST", f"/api/manage/keys/{'0' * 32}/revoke").status_code == 404


def test_a_disabled_user_has_no_key_any_more(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    user = house.manage("POST", "users", json={"name": "ann", "role": "member"})
    made = house.manage("POST", "keys", json={"name": "anns", "role": "admin", "user_id": user["id"]})
    assert house.chat(made["key"]).status_code == 200
    assert house.call("GET", "/api/manage/keys", made["key"]).status_code == 403, "no key has more than its user"
    assert house.manage("PATCH", f"users/{user['id']}", json={"disabled": True})["disabled"]
    assert house.chat(made["key"]).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "keys", {"name": "x", "rôle": "admin"}, "rôle: nothing has this name"),
        ("POST", "keys", {"name": ""}, "name"),
        ("POST", "keys", {"name": "x", "role": "root"}, "role"),
        ("POST", "keys", {"name": "x", "expires": "soon"}, "expires"),
        ("POST", "keys", [], "body"),
        ("PUT", "budgets", {"scope": "key", "subject_id": "x", "period": "total", "amount": "-1"}, "amount"),
        ("PUT", "budgets", {"scope": "key", "subject_id": "x", "period": "total", "amount": "NaN"}, "amount"),
        ("PUT", "budgets", {"scope": "key", "subject_id": "x", "period": "hour", "amount": "1"}, "period"),
        ("PUT", "credentials", {"provider": "nobody", "values": {"api_key": "k"}}, "provider"),
        ("PUT", "credentials", {"provider": "openai", "values": {}}, "values"),
        ("PUT", "credentials", {"provider": "openai", "values": {"api_key": ""}}, "value"),
        ("GET", "requests?limit=0", None, "limit"),
        ("GET", "requests?cursor=xyz", None, "cursor"),
        ("GET", "requests?since=yesterday", None, "since"),
        ("GET", "requests?colour=blue", None, "colour: nothing has this name"),
        ("GET", "usage?by=colour", None, "colour"),
        ("GET", "audit?cursor=%27", None, "cursor"),
    ],
)
def test_what_is_wrong_is_named(house: House, method: str, path: str, body: Any, told: str) -> None:
    answer = house.call(method, f"/api/manage/{path}", **({"json": body} if body is not None else {}))
    assert answer.status_code == 400, answer.text
    assert told in answer.json()["error"]["message"]


def test_requests_are_filtered_paged_and_shown(house: House, upstream: Server) -> None:
    upstream.answer(*[whole(completion("Hello", model="gpt-4o-mini", usage=USAGE))] * 5, whole({"error": {}}, 500))
    for number in range(5):
        house.chat(house.keys["first", "member"], user=f"user-{number % 2}")
    house.chat(house.keys["first", "member"])
    everything = rows(house, 6)
    assert len(everything) == 6
    assert [row["status"] for row in everything] == [500, 200, 200, 200, 200, 200]
    paged, cursor = [], ""
    for _ in range(4):
        page = house.manage("GET", f"requests?limit=2{cursor}")
        paged += page["data"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert paged == everything
    assert len(house.manage("GET", "requests?user=user-0")["data"]) == 3
    assert len(house.manage("GET", "requests?failed=true")["data"]) == 1
    one = house.manage("GET", f"requests/{everything[1]['id']}")
    assert one["attempts"][0]["outcome"] == "ok"
    assert (one["asked"], one["content"]) == (None, "off")


def test_usage_is_added_up_as_json_and_as_csv(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello", model="gpt-4o-mini", usage=USAGE)))
    for user in ("=cmd()", "ann", "ann"):
        house.chat(house.keys["first", "member"], user=user)
    rows(house, 3)
    found = house.manage("GET", "usage?by=user,model&period=month")["data"]
    by_user = {row["user"]: (row["requests"], row["input_tokens"]) for row in found}
    assert by_user == {"=cmd()": (1, 1000), "ann": (2, 2000)}
    assert sum(Decimal(row["cost"]) for row in found) == Decimal("0.00135")
    sheet = house.call("GET", "/api/manage/usage?by=user&format=csv")
    assert sheet.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(sheet.text)))
    assert {line["user"] for line in lines} == {"'=cmd()", "ann"}, "no cell is a formula"


def test_a_request_that_was_kept_whole_is_asked_again(tmp_path: Path, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello", model="gpt-4o-mini", usage=USAGE)))
    with house_of(tmp_path, upstream, content="full") as house:
        tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
        house.chat(house.keys["first", "member"], temperature=0.5, tools=[tool])
        [row] = rows(house, 1)
        shown = house.manage("GET", f"requests/{row['id']}")
        assert "Hi" in shown["asked"]
        assert "Hello" in shown["answered"]
        hidden = house.manage("GET", f"requests/{row['id']}", house.keys["first", "viewer"])
        assert "asked" not in hidden
        again = house.manage("POST", f"requests/{row['id']}/replay")
        assert again["response"]["text"] == "Hello"
        first, second = [json.loads(one["body"]) for one in upstream.requests]
        assert second == first
        assert len(rows(house, 2)) == 2
        house.app._take(house.app.settings.model_copy(update={"content": "off"}))
        house.chat(house.keys["first", "member"])
        assert house.call("POST", f"/api/manage/requests/{rows(house, 3)[0]['id']}/replay").status_code == 409


def test_budgets_are_set_shown_and_removed(house: House) -> None:
    body = {"scope": "project", "subject_id": house.projects["first"], "period": "month", "amount": "12.5"}
    made = house.manage("PUT", "budgets", json=body)
    assert [Decimal(made[name]) for name in ("amount", "spent", "left")] == [Decimal("12.5"), 0, Decimal("12.5")]
    again = house.manage("PUT", "budgets", json={**body, "amount": "20"})
    assert again["id"] == made["id"]
    assert len(house.manage("GET", "budgets")["data"]) == 1
    assert len(house.manage("GET", "budgets", house.keys["first", "viewer"])["data"]) == 1, "one's own project's"
    house.manage("DELETE", f"budgets/{made['id']}")
    assert house.manage("GET", "budgets")["data"] == []
    for scope in ("key", "project", "organisation"):
        wrong = house.call("PUT", "/api/manage/budgets", json={**body, "scope": scope, "subject_id": "0" * 32})
        assert wrong.status_code == 404


def test_a_projects_key_is_sealed_used_and_never_shown(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    member = house.keys["first", "member"]
    house.chat(member)
    house.manage("PUT", "credentials", json={"provider": "openai", "values": {"api_key": "sk-project-secret"}})
    house.chat(member)
    house.chat(house.keys["second", "member"])
    listed = house.call("GET", "/api/manage/credentials")
    assert listed.json()["data"][0]["provider"] == "openai"
    house.manage("DELETE", "credentials?provider=openai")
    house.chat(member)
    sent = [row["headers"]["authorization"].removeprefix("Bearer ") for row in upstream.requests]
    own = "sk-gateway-0123456789"
    assert sent == [own, "sk-project-secret", own, own]
    for told in (listed, house.call("GET", "/api/manage/audit"), house.call("GET", "/api/manage/configuration")):
        assert "sk-project-secret" not in told.text
    assert b"sk-project-secret" not in (house.folder / "gateway.db").read_bytes()


def test_nobody_sees_or_changes_what_is_of_another_organisation(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    second = house.keys["second", "admin"]
    house.chat(house.keys["first", "member"])
    house.chat(house.keys["second", "member"])
    everything = rows(house, 2)
    assert len(everything) == 2, "the operator sees all"
    [own] = house.manage("GET", "requests", second)["data"]
    assert own["project_id"] == house.projects["second"]
    [foreign] = [row for row in everything if row["id"] != own["id"]]
    budget = house.manage("PUT", "budgets", json={"scope": "key", "subject_id": house.ids["first", "member"],
                                                  "period": "day", "amount": "1"})  # fmt: skip
    user = house.manage("POST", "users", json={"name": "ann"})
    for method, path, body in (
        ("GET", f"requests/{foreign['id']}", None),
        ("GET", f"requests?project_id={house.projects['first']}", None),
        ("GET", f"requests?organisation_id={house.organisations['first']}", None),
        ("GET", f"usage?organisation_id={house.organisations['first']}", None),
        ("GET", f"audit?organisation_id={house.organisations['first']}", None),
        ("GET", f"keys?organisation_id={house.organisations['first']}", None),
        ("GET", f"keys?project_id={house.projects['first']}", None),
        ("GET", f"users?organisation_id={house.organisations['first']}", None),
        ("GET", f"credentials?project_id={house.projects['first']}", None),
        ("POST", "keys", {"name": "x", "project_id": house.projects["first"]}),
        ("POST", "keys", {"name": "x", "project_id": "default"}),
        ("POST", "projects", {"name": "x", "organisation_id": house.organisations["first"]}),
        ("POST", "users", {"name": "x", "organisation_id": house.organisations["first"]}),
        ("POST", "organisations", {"name": "x"}),
        ("POST", f"keys/{house.ids['first', 'member']}/revoke", {}),
        ("POST", f"keys/{house.ids['first', 'member']}/rotate", {}),
        ("PATCH", f"users/{user['id']}", {"disabled": True}),
        ("PUT", "budgets", {"scope": "key", "subject_id": house.ids["first", "member"], "period": "day",
                            "amount": "0"}),
        ("PUT", "budgets", {"scope": "organisation", "subject_id": house.organisations["first"], "period": "day",
                            "amount": "0"}),
        ("DELETE", f"budgets/{budget['id']}", None),
        ("PUT", "credentials", {"provider": "openai", "values": {"api_key": "k"},
                                "project_id": house.projects["first"]}),
        ("DELETE", f"credentials?provider=openai&project_id={house.projects['first']}", None),
    ):  # fmt: skip
        answer = house.call(method, f"/api/manage/{path}", second, **({"json": body} if body is not None else {}))
        assert answer.status_code in (403, 404), (method, path, answer.status_code, answer.text)
    for path in ("keys", "users", "projects", "organisations", "audit", "budgets"):
        told = json.dumps(house.manage("GET", path, second))
        for name in (*house.ids.values(), *house.organisations.values(), *house.projects.values()):
            mine = {house.organisations["second"], house.projects["second"]} | {
                value for (organisation, _), value in house.ids.items() if organisation == "second"
            }
            assert name in mine or name not in told, (path, name)
    assert house.call("GET", "/metrics", second).status_code == 403
    assert house.chat(house.keys["first", "member"]).status_code == 200, "nothing was changed"


def test_every_change_is_written_down_with_who_made_it(house: House) -> None:
    made = house.manage("POST", "keys", json={"name": "app"})
    house.manage("POST", "projects", json={"name": "p"})
    house.manage("POST", f"keys/{made['data']['id']}/revoke")
    house.call("POST", "/api/manage/keys", json={"name": ""})
    found = house.manage("GET", "audit")["data"]
    assert [row["action"] for row in found] == ["key.revoke", "project.create", "key.create"]
    assert {row["actor"] for row in found} == {house.ids["first", "admin"]}
    assert found[2]["subject"] == made["data"]["id"]
    assert found[2]["address"] == "127.0.0.1"
    assert made["key"] not in json.dumps(found)
    page = house.manage("GET", "audit?limit=2")
    assert house.manage("GET", f"audit?limit=2&cursor={page['next']}")["data"] == found[2:]


def test_the_configuration_is_shown_without_secrets(tmp_path: Path, upstream: Server) -> None:
    path = tmp_path / "jackfield.toml"
    path.write_text(
        '[gateway]\nstore = "postgresql://user:canary-password@127.0.0.1/x"\n'
        '[providers.inhouse.provider]\ndialect = "openai-chat"\nbase_url = "http://u:canary-user@127.0.0.1:1/v1"\n'
        '[providers.inhouse.headers]\nx-tenant = "canary-header"\n'
        '[[providers.inhouse.auth]]\nkind = "bearer"\nvalues = { token = ["INHOUSE_KEY"] }\n'
    )
    with house_of(tmp_path, upstream, boards=Boards.of(path, {})) as house:
        shown = house.call("GET", "/api/manage/configuration")
        assert shown.status_code == 200
        assert "canary" not in shown.text
        assert "inhouse" in shown.text
        assert "inhouse" not in house.call("GET", "/api/manage/configuration", house.keys["second", "admin"]).text


def test_the_health_of_providers_is_what_questions_found(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")), whole({"error": {"message": "down"}}, 503), whole({"error": {}}, 400))
    for _ in range(3):
        house.chat(house.keys["first", "member"])
    found = {row["name"]: row for row in house.manage("GET", "providers")["data"]}
    assert (found["openai"]["is_set_up"], found["openai"]["requests"], found["openai"]["failing"]) == (True, 2, 0.5)
    assert found["openai"]["last_error"]
    assert found["anthropic"]["requests"] == 0


def test_keys_of_a_gateway_elsewhere_are_managed_by_its_url(
    house: House, upstream: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.answer(whole(completion("Hello")))

    def run(*words: str, code: int = 0) -> Any:
        capsys.readouterr()
        assert keys_command(["--url", house.address, "--json", *words]) == code
        out, err = capsys.readouterr()
        return json.loads(out) if out else err

    assert "set JACKFIELD_GATEWAY_KEY" in run("list", code=2)
    monkeypatch.setenv("JACKFIELD_GATEWAY_KEY", house.keys["first", "admin"])
    made = run("create", "app", "--model", "openai/*")
    assert house.chat(made["key"]).status_code == 200
    assert "app" in {row["name"] for row in run("list")}
    turned = run("rotate", made["id"])
    run("revoke", turned["id"])
    assert house.chat(turned["key"]).status_code == 401
    assert "there is no key" in run("revoke", "0" * 32, code=2)
    monkeypatch.setenv("JACKFIELD_GATEWAY_KEY", house.keys["first", "viewer"])
    assert "takes the role admin" in run("list", code=2)
    monkeypatch.setenv("JACKFIELD_GATEWAY_KEY", "jf-wrong")
    assert "the key is missing or wrong" in run("list", code=2)
    assert keys_command(["--url", "http://127.0.0.1:1", "list"]) == 2
    assert "127.0.0.1:1" in capsys.readouterr().err


def test_what_cannot_be_written_down_is_not_changed(house: House, upstream: Server) -> None:
    """A change and its row of the audit log are one transaction."""
    upstream.answer(whole(completion("Hello")))
    made = house.manage("POST", "keys", json={"name": "app"})
    before = {
        path: house.manage("GET", path)["data"] for path in ("organisations", "projects", "users", "keys", "budgets")
    }
    with contextlib.closing(sqlite3.connect(house.url.removeprefix("sqlite:///"))) as database:
        database.execute("CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
        database.commit()
    budget = {"scope": "key", "subject_id": made["data"]["id"], "period": "day", "amount": "1"}
    for method, path, body in (
        ("POST", "organisations", {"name": "third"}),
        ("POST", "projects", {"name": "more"}),
        ("POST", "users", {"name": "eve"}),
        ("POST", "keys", {"name": "other"}),
        ("POST", f"keys/{made['data']['id']}/revoke", None),
        ("POST", f"keys/{made['data']['id']}/rotate", {"overlap_hours": 0}),
        ("PUT", "budgets", budget),
    ):
        assert house.call(method, f"/api/manage/{path}", json=body).status_code >= 500, path
    assert {path: house.manage("GET", path)["data"] for path in before} == before
    assert house.chat(made["key"]).status_code == 200
