"""The description of every address that the gateway serves, as OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from jackfield import Route

from ._family import Address, Doc, Family
from ._routes import Routes

_REF = "#/components/schemas/{model}"
#: What the gateway tells of itself: path, media type, statuses, meaning.
_OWN = (
    ("/", "text/plain", (200,), "Addresses and providers, for people"),
    ("/healthz", "application/json", (200,), "Whether the gateway answers"),
    ("/readyz", "application/json", (200, 503), "Whether the gateway should be asked"),
    ("/metrics", "text/plain", (200,), "What was counted, for Prometheus"),
    ("/openapi.json", "application/json", (200,), "This description"),
)
_TITLE = "Jackfield gateway"
_JSON = "application/json"


def description(families: Sequence[Family], routes: Routes, version: str) -> dict[str, Any]:
    """Describe the addresses of the families and of every installed dialect."""
    schemas: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for family in families:
        for address in family.addresses:
            paths.setdefault(address.path, {})[address.method.lower()] = _operation(address, schemas)
    for path, kind, statuses, what in _OWN:
        schema = {"type": "object"} if kind == _JSON else {"type": "string"}
        answers = {str(status): {"description": what, "content": {kind: {"schema": schema}}} for status in statuses}
        paths[path] = {"get": {"operationId": _id("get", path), "summary": what, "responses": answers}}
    for dialect, route in routes.all():
        known = paths.setdefault(route.path, {})
        known.setdefault(route.method.lower(), _of_dialect(dialect, route))
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": version},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}, {}],
    }


def _operation(address: Address, schemas: dict[str, Any]) -> dict[str, Any]:
    doc = address.doc
    parameters = [{"name": name, "in": "path", "required": True, "schema": schema} for name, schema in doc.path.items()]
    if doc.query is not None:
        found = _schema(doc.query, schemas)
        needed = found.get("required", ())
        parameters += [
            {"name": name, "in": "query", "required": name in needed, "schema": schema}
            for name, schema in found["properties"].items()
        ]
    operation: dict[str, Any] = {
        "operationId": _id(address.method, address.path),
        "summary": doc.summary,
        "parameters": parameters,
        "responses": _responses(doc),
    }
    if doc.takes is not None:
        schemas[doc.takes.__name__] = _schema(doc.takes, schemas)
        content = {"schema": {"$ref": _REF.format(model=doc.takes.__name__)}, "example": doc.example}
        operation["requestBody"] = {"required": True, "content": {_JSON: content}}
    return operation


def _responses(doc: Doc) -> dict[str, Any]:
    found = {}
    for status, schema in sorted(doc.gives.items()):
        kinds = doc.media_types if status == 200 else (_JSON,)
        content = {kind: {"schema": schema} if kind in (_JSON, "text/plain") else {} for kind in kinds}
        found[str(status)] = {"description": "a good answer" if status == 200 else "refused", "content": content}
    return found


def _of_dialect(dialect: str, route: Route) -> dict[str, Any]:
    """Describe an address of a dialect, whose own documentation says what a body holds."""
    names = [piece.partition("}")[0] for piece in route.path.split("{")[1:]]
    operation: dict[str, Any] = {
        "operationId": f"{dialect}_{_id(route.method, route.path)}",
        "summary": f"{route.operation} as {dialect} writes it",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[a-z0-9./-]+$"}}
            for name in names
        ],
        "responses": {
            "200": {"description": "a good answer", "content": {"*/*": {}}},
            "4XX": {"description": "refused", "content": {_JSON: {}}},
            "5XX": {"description": "the provider failed", "content": {_JSON: {}}},
        },
    }
    if route.method == "POST":
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": {"type": "object"}}}}
    return operation


def _id(method: str, path: str) -> str:
    words = "".join(letter if letter.isalnum() else "_" for letter in path.strip("/"))
    return f"{words}_{method.lower()}"


def _schema(kind: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    """Write a model's schema; what it refers to goes to the schemas of the document."""
    found = kind.model_json_schema(ref_template=_REF, mode="validation")
    schemas.update(found.pop("$defs", {}))
    _strip(found, getattr(kind, "nullable", None))
    return found


def _strip(schema: dict[str, Any], nullable: Any) -> None:
    """Take null out where the API takes none: a model that has it says unset by it."""
    if nullable is None:
        return
    for name, member in schema.get("properties", {}).items():
        kinds = member.get("anyOf")
        if name not in nullable and isinstance(kinds, list) and {"type": "null"} in kinds:
            left = [kind for kind in kinds if kind != {"type": "null"}]
            del member["anyOf"]
            member.pop("default", None)
            member.update(left[0] if len(left) == 1 else {"anyOf": left})
