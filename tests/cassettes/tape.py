"""The form of a cassette: vcrpy's, with bodies that can be read, few headers, and the provider's own address.

A JSON body is stored as JSON, an event stream as a literal block, binary frames as base64. Two requests are one where
method, scheme, host, path, query and JSON body are equal, but for what an SDK says beside it that says nothing.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import vcr
import yaml
from vcr.serialize import deserialize, serialize

__all__ = ["CASSETTES", "Recorder", "findings", "interactions", "player"]

CASSETTES = Path(__file__).resolve().parents[2] / "cassettes"
REQUEST_HEADERS = {"accept", "content-type"}
RESPONSE_HEADERS = {"content-type", "retry-after", "x-amzn-errortype", "x-request-id", "x-jackfield-sandbox"}
MATCH_ON = ["method", "scheme", "host", "path", "query", "json_body"]
_FORBIDDEN = {
    "a key": re.compile(r"\b(?:sk|pk|rk|xai|gsk|key)-[\w-]{12,}|AIza[\w-]{20,}|AKIA[A-Z0-9]{12,}|Bearer\s+\S+", re.I),
    "an organisation or a project": re.compile(r"\b(?:org|proj|user|acct)[-_][A-Za-z0-9]{8,}"),
    "a mail address": re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", re.I),
    "a cookie": re.compile(r"set-cookie|\bcookie:|__cf_bm|cf-ray", re.I),
    "an authorization": re.compile(r"authorization|api-key|openai-organization|openai-project", re.I),
    "an address of one machine": re.compile(r"\blocalhost\b|\b127\.0\.0\.1\b|\b(?:10|192\.168)(?:\.\d+){2,3}\b"),
}


def findings(text: str) -> list[str]:
    """Name what may not stand in a cassette."""
    return [f"{what}: {match.group()}" for what, form in _FORBIDDEN.items() for match in form.finditer(text)]


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as literal blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


class _Serializer:
    """Between vcrpy's dicts and the text of a cassette."""

    def serialize(self, tape: dict[str, Any]) -> str:
        """Write a cassette."""
        for row in tape["interactions"]:
            request, response = row["request"], row["response"]
            request["body"] = _read(request["body"])
            string = response["body"]["string"]
            if (frames := _frames(string)) is not None:
                response["body"] = {"base64": frames}
            else:
                response["body"] = {"json": body} if isinstance(body := _read(string), dict) else body
        dumped: str = yaml.dump(tape, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
        return dumped

    def deserialize(self, text: str) -> Any:
        """Read a cassette."""
        tape = yaml.safe_load(text)
        for row in tape["interactions"]:
            request, response = row["request"], row["response"]
            request["body"] = _written(request["body"])
            body = response["body"]
            if isinstance(body, dict) and "base64" in body:
                response["body"] = {"string": base64.b64decode(body["base64"])}
                continue
            body = body["json"] if isinstance(body, dict) and "json" in body else body
            response["body"] = {"string": _written(body)}
        return tape


def _frames(body: Any) -> str | None:
    """Return a body that is no text as base64."""
    try:
        _ = body.decode() if isinstance(body, bytes) else None
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()
    return None


def _read(body: Any) -> Any:
    """Return a body as JSON where it is a JSON object, as text where not."""
    text = body.decode() if isinstance(body, bytes) else body or ""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict) else text


def _written(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")) if isinstance(body, dict) else body


class _Folder:
    """Reads cassettes; nothing is written while they are played."""

    @staticmethod
    def load_cassette(path: Any, serializer: Any) -> Any:
        """Read a cassette."""
        return deserialize(Path(path).read_text(encoding="utf-8"), serializer)

    @staticmethod
    def save_cassette(path: Any, tape: Any, serializer: Any) -> None:
        """Leave it as it is."""


def _same_json(one: Any, other: Any) -> None:
    assert _meant(_read(one.body)) == _meant(_read(other.body))


def _meant(body: Any) -> Any:
    """Leave out what SDKs say of a request that says nothing: empty members, that it is not streamed.

    Google's writes one member in the other spelling that its API takes.
    """
    if not isinstance(body, dict):
        return body
    kept = {name: value for name, value in body.items() if value not in ([], {}) and (name, value) != ("stream", False)}
    return json.loads(json.dumps(kept).replace('"parameters_json_schema"', '"parametersJsonSchema"'))


def _machine(persister: Any, **options: Any) -> Any:
    machine = vcr.VCR(serializer="readable", match_on=MATCH_ON, **options)
    machine.register_serializer("readable", _Serializer())
    machine.register_matcher("json_body", _same_json)
    machine.register_persister(persister)
    return machine


def player() -> Any:
    """Return what plays cassettes, and refuses every request that is not in them."""
    return _machine(_Folder, record_mode="none")


class Recorder:
    """Records one cassette after another; `text` is the last one's. Requests to `asked` are kept as to `base_url`."""

    def __init__(self, asked: str, base_url: str) -> None:
        self.text = ""
        self._asked, self._base_url = asked, base_url
        self._machine = _machine(
            self, record_mode="all", before_record_request=self._request, before_record_response=self._response,
            decode_compressed_response=True,
        )  # fmt: skip

    def load_cassette(self, path: Any, serializer: Any) -> Any:
        """Begin with an empty cassette."""
        return [], []

    def save_cassette(self, path: Any, tape: Any, serializer: Any) -> None:
        """Keep the text, for whoever recorded it to look at first."""
        self.text = serialize(tape, serializer)

    def record(self, name: str, run: Callable[[], None]) -> str:
        """Run something and return the cassette of what it sent and got."""
        self.text = ""
        with self._machine.use_cassette(name):
            run()
        return self.text

    def _request(self, request: Any) -> Any:
        request.uri = request.uri.replace(self._asked, self._base_url, 1)
        request.headers = {
            name.lower(): value for name, value in request.headers.items() if name.lower() in REQUEST_HEADERS
        }
        return request

    def _response(self, response: Any) -> Any:
        held = {name.lower(): values for name, values in response["headers"].items()}
        headers = {name: held[name] for name in sorted(held.keys() & RESPONSE_HEADERS)}
        return {**response, "headers": headers}


def interactions(path: Path) -> list[dict[str, Any]]:
    """Read the interactions of a cassette, response bodies as bytes, status as a number."""
    rows = _Serializer().deserialize(path.read_text(encoding="utf-8"))["interactions"]
    return [{"request": row["request"], "response": _answer(row["response"])} for row in rows]


def _answer(response: dict[str, Any]) -> dict[str, Any]:
    """Return an answer in the form of the recordings: frames are base64."""
    head = {"status": response["status"]["code"], "headers": response["headers"]}
    body = response["body"]["string"]
    if isinstance(body, bytes):
        return {**head, "body_base64": base64.b64encode(body).decode()}
    return {**head, "body": body}
