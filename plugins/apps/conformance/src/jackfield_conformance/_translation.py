"""Level 1: what is asked arrives on the wire, or is refused, or is reported; nothing else goes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest

from jackfield import ChatRequest, Exchange, InvalidInput, ModelInfo, UnsupportedFeature
from jackfield.wire import host_of

from ._report import Findings, shown, unlike
from ._scenarios import NAMES, PLAIN, SCENARIOS, Scenario, Wire, leaves, paths
from ._subject import ProviderSubject, declares, signed

#: Tuning and meaning by value: what is searched for on the wire. A value that cannot be searched for must change it.
_PARAMETERS: Mapping[str, Any] = {
    "temperature": 0.3125,
    "top_p": 0.8125,
    "top_k": 17,
    "max_tokens": 1777,
    "stop": ("kit-stop",),
    "seed": 424_242,
    "n": 2,
    "frequency_penalty": 0.4375,
    "presence_penalty": 0.5625,
    "repetition_penalty": 1.0625,
    "logit_bias": {"1234": 5.0},
    "logprobs": True,
    "reasoning": "high",
    "verbosity": "low",
    "service_tier": "flex",
    "metadata": {"kit": "metadata-kit"},
    "user": "kit-user",
    "prediction": "kit predicts",
    "previous": "kit-previous",
    "store": True,
}
#: Names that lead elsewhere in a path or a query that is put together without care.
_ODD_NAMES = ("kit/model", "kit model", "kit?admin=1", "kit#part", "kit%2e%2e", "kit:tuned@1", "kit&x=1", "k\u00efit")


class Translation(ProviderSubject):
    """What goes out."""

    @pytest.mark.parametrize("name", NAMES)
    def test_scenario_arrives(self, name: str) -> None:
        """Every text, tool, schema and medium of a scenario that the catalog declares stands in the request."""
        scenario = SCENARIOS[NAMES.index(name)]
        model = self.model_for(scenario.needs, scenario.media)
        findings = Findings("test_scenario_arrives")
        bodies = []
        for stream in self._streams(model):
            where = f"{name}{' streamed' if stream else ''} of {model.id}"
            try:
                wire = Wire.of(self.opened(scenario.request(model.id, stream)).http_request)
            except InvalidInput as error:
                findings.add("translate_request", where, f"refused what the catalog declares: {error}")
                continue
            bodies.append((wire.request.url, wire.request.body, dict(wire.request.headers)))
            for wanted in scenario.arrive:
                findings.unless(wire.carries(wanted), "translate_request", where, f"{shown(wanted)} is not on the wire")
            if scenario.without is not None:
                bare = self.opened(scenario.request(model.id, stream, **{scenario.without: None})).http_request
                same = bare.body == wire.request.body
                findings.unless(not same, "translate_request", where, f"{scenario.without} changes nothing on the wire")
        if len(bodies) == 2:
            findings.unless(
                bodies[0] != bodies[1], "translate_request", name, "a stream is asked for like a whole answer"
            )
        findings.check()

    def test_capabilities_can_be_asked(self) -> None:
        """What the catalog declares of a model is refused by no limit of its own, nor by the dialect."""
        findings = Findings("test_capabilities_can_be_asked")
        for model in self.models():
            for scenario in SCENARIOS:
                if (scenario.needs is None and scenario.media is None) or not declares(
                    model, scenario.needs, scenario.media
                ):
                    continue
                try:
                    self.opened(scenario.request(model.id))
                except InvalidInput as error:
                    findings.add("catalog", f"{model.id}, {scenario.name}", str(error))
        findings.check()

    def test_parameters_arrive_or_are_reported(self) -> None:
        """Every parameter stands on the wire, or is refused, or has an adjustment: none is dropped in silence."""
        findings = Findings("test_parameters_arrive_or_are_reported")
        model = self.model_for()
        bare = Wire.of(self.opened(PLAIN.request(model.id)).http_request)
        for name, value in _PARAMETERS.items():
            try:
                exchange = self.opened(PLAIN.request(model.id, **{name: value}))
            except UnsupportedFeature:
                continue
            if any(row.parameter.partition(".")[0] == name for row in exchange.adjustments):
                continue
            wire = Wire.of(exchange.http_request)
            same = (wire.request.body, wire.request.url) == (bare.request.body, bare.request.url)
            findings.unless(
                not same and _stands(value, wire.body),
                "translate_request",
                name,
                f"{shown(value)} is neither on the wire nor refused nor in an adjustment; "
                "write it, or say in [limits] that it is not taken",
            )
        findings.check()

    def test_unset_is_not_sent(self) -> None:
        """A parameter that the caller did not set has no place on the wire."""
        findings = Findings("test_unset_is_not_sent")
        model = self.model_for()
        bare = dict(paths(Wire.of(self.opened(PLAIN.request(model.id)).http_request).body))
        for name, value in _PARAMETERS.items():
            if not isinstance(value, int | float) or isinstance(value, bool):
                continue
            if name == "max_tokens" and "max_tokens" in model.limits and model.limits["max_tokens"].fallback:
                continue  # a format that cannot do without it has a default that its dialect declares
            try:
                asked: dict[str, Any] = {name: value}
                body = Wire.of(self.opened(PLAIN.request(model.id, **asked)).http_request).body
            except UnsupportedFeature:
                continue
            for path, found in paths(body):
                if found == value and path in bare:
                    findings.add("translate_request", name, f"{path} is sent as {shown(bare[path])} when it is not set")
        findings.check()

    def test_provider_options_arrive(self) -> None:
        """What the caller writes for this provider or dialect is merged into the body."""
        findings = Findings("test_provider_options_arrive")
        model = self.model_for()
        for name in (self.name, self.spoken()):
            options = {name: {"kit_option": {"kit_member": "kit was here"}}}
            exchange = self.opened(PLAIN.request(model.id, provider_options=options))
            wire = Wire.of(exchange.http_request)
            if not isinstance(wire.body, Mapping):
                pytest.skip("the body is no JSON object; provider_options have no place in it")
            found = wire.body.get("kit_option")
            findings.unless(found == {"kit_member": "kit was here"}, "translate_request", name, f"found {shown(found)}")
        findings.check()

    def test_address_is_the_endpoint(self) -> None:
        """The request goes to the endpoint's host, by a method that carries a body, whatever the model is called."""
        findings = Findings("test_address_is_the_endpoint")
        model = self.model_for()
        host = host_of(self.endpoint().base_url)
        plain = self.opened(PLAIN.request(model.id)).http_request
        known = _shape(plain.url)
        findings.unless(plain.method in ("POST", "PUT"), "translate_request", "plain", f"its method is {plain.method}")
        for name in (model.id, *_ODD_NAMES):
            try:
                url = self.opened(PLAIN.request(name)).http_request.url
            except InvalidInput:
                continue
            findings.unless(host_of(url) == host, "translate_request", name, f"goes to {host_of(url)}, not to {host}")
            if name not in (model.id, "kit/model"):
                more = _shape(url)[1] - known[1]
                findings.unless(
                    not more, "translate_request", name, f"the model's name adds {sorted(more)} to the query"
                )
                findings.unless("#" not in url and " " not in url, "translate_request", name, f"is not quoted in {url}")
        findings.check()

    def test_headers_are_lower_case_text(self) -> None:
        """Names of headers are in lower case, names and values are text that a header can carry."""
        findings = Findings("test_headers_are_lower_case_text")
        for where, exchange in self._exchanges():
            for name, value in exchange.http_request.headers.items():
                findings.unless(
                    name == name.lower(), "translate_request", where, f"the header {name} is not lower case"
                )
                is_text = isinstance(value, str) and value.isascii() and value.isprintable()
                findings.unless(
                    is_text, "translate_request", where, f"the header {name} cannot be sent: {shown(value)}"
                )
        findings.check()

    def test_hooks_leave_what_they_are_given(self) -> None:
        """Hooks change neither the request nor the endpoint that they are given."""
        findings = Findings("test_hooks_leave_what_they_are_given")
        endpoint = self.endpoint()
        before = (deepcopy(endpoint.settings), deepcopy(endpoint.headers), deepcopy(endpoint.credential.values))
        for scenario, model in self._declared():
            request = scenario.request(model.id, provider_options={self.name: {"kit": {"a": [1]}}})
            copy = request.model_dump()
            with suppress(InvalidInput):
                signed(self.opened(request))
            for row in unlike(request.model_dump(), copy):
                findings.add("translate_request", scenario.name, f"the request was changed: {row}")
        after = (dict(endpoint.settings), dict(endpoint.headers), dict(endpoint.credential.values))
        findings.unless(after == before, "authorize", "endpoint", "its settings, headers or credential were changed")
        findings.check()

    # -- what other levels ask too ---------------------------------------------------------------------------------

    def _streams(self, model: ModelInfo) -> tuple[bool, ...]:
        return (False, True) if "streaming" in (model.capabilities or ("streaming",)) else (False,)

    def _declared(self) -> Iterator[tuple[Scenario, ModelInfo]]:
        """Yield the scenarios that the catalog declares, each with a model for it."""
        for scenario in SCENARIOS:
            try:
                yield scenario, self.model_for(scenario.needs, scenario.media)
            except pytest.skip.Exception:
                continue

    def _exchanges(self) -> Iterator[tuple[str, Exchange]]:
        for scenario, model in self._declared():
            for stream in self._streams(model):
                try:
                    yield scenario.name, self.opened(scenario.request(model.id, stream))
                except InvalidInput:
                    continue

    @classmethod
    def opened_or_none(cls, request: ChatRequest) -> Exchange | None:
        """Open the exchange of a request; None where this provider or model refuses it."""
        try:
            return cls.opened(request)
        except InvalidInput:
            return None


def _stands(value: Any, body: Any) -> bool:
    """Tell whether a value stands in a body; words and switches are read as the format has them."""
    if isinstance(value, bool | Mapping) or value in ("high", "low", "flex"):
        return True
    wanted = value[0] if isinstance(value, tuple) else value
    return any(found == wanted for found in leaves(body)) or not isinstance(body, Mapping | list)


def _shape(url: str) -> tuple[str, set[str]]:
    """Return the path of an address, and the names in its query."""
    path, _, query = url.partition("?")
    return path, {row.partition("=")[0] for row in query.split("&") if row}
