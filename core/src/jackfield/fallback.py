"""Fallback: another model is asked where one fails; what a broken stream had said is gone on from, or begun again.

Every target gets a request of its own, made of what the caller asked: no header, option or state of another goes along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from .catalog import ModelInfo
from .conversation import ChatRequest, ChatResponse
from .deltas import Restarted
from .errors import (
    AuthenticationError,
    BillingError,
    ContentFilterError,
    ContextLengthError,
    InvalidInput,
    InvalidRequestError,
    JackfieldError,
    MissingCredential,
    ModelNotFoundError,
    PermissionDenied,
    ProviderError,
    ResponseFormatError,
    StreamInterrupted,
    UnsupportedFeature,
    UnsupportedOperation,
    UnsupportedParameterError,
)
from .exchange import Exchange
from .flows import Close, Course, Emit, Flow, relay
from .messages import Message
from .operations import Attempt, Response
from .seam import Seam

Interruption = Literal["continue", "rerun", "raise"]
_MOST: Final = 5
#: Errors after which the same request may well succeed elsewhere, beside those that may pass by themselves.
_ELSEWHERE: Final = (
    AuthenticationError, BillingError, ContextLengthError, ModelNotFoundError, PermissionDenied, ResponseFormatError,
    StreamInterrupted,
)  # fmt: skip
#: What a target cannot be asked at all: the next one is.
_UNFIT: Final = (UnsupportedFeature, UnsupportedOperation, MissingCredential)
_GO_ON: Final = (
    "A fault of the connection cut your answer off. Go on exactly where it stops, in the middle of a word if need be: "
    "no introduction, no apology, and nothing that is said already."
)


@dataclass(frozen=True, slots=True)
class Fallback:
    """The models that are asked in turn where one fails, and what becomes of a stream that breaks off.

    `models` are up to five names, as in `Client.chat`. `on_interruption` holds once something has been delivered:
    "continue" lets the next model go on from there, "rerun" begins again (both say so with `Restarted`), "raise" gives
    up. `refusals`: whether a refusal for its content is taken to the next model too.

    Raises:
        InvalidInput: there are more than five models, or a member has another form.
    """

    models: tuple[str, ...]
    on_interruption: Interruption = "continue"
    refusals: bool = False

    def __post_init__(self) -> None:
        if not all(isinstance(name, str) and name for name in self.models):
            raise InvalidInput(f"fallbacks: names of models are needed, not {self.models!r:.80}", param="fallbacks")
        if len(self.models) > _MOST:
            raise InvalidInput(f"fallbacks: at most {_MOST} models, not {len(self.models)}", param="fallbacks")
        if self.on_interruption not in ("continue", "rerun", "raise"):
            raise InvalidInput(
                f"on_interruption is {self.on_interruption!r}; it may be 'continue', 'rerun' or 'raise'",
                param="on_interruption",
            )

    @classmethod
    def of(cls, value: Fallback | Sequence[str] | str) -> Fallback:
        """Read what a caller gave: a `Fallback`, names, or one name."""
        if isinstance(value, Fallback):
            return value
        if not isinstance(value, list | tuple | str):
            raise InvalidInput(f"fallbacks: names of models are needed, not {value!r:.80}", param="fallbacks")
        return cls((value,) if isinstance(value, str) else tuple(value))


class Targets:
    """The models that are left to be asked, and the attempts so far.

    `reopen` opens the exchange of a request, `known` gives what the catalogs know of a model by its full name.
    """

    def __init__(
        self,
        request: ChatRequest,
        names: Sequence[str],
        policy: Fallback,
        reopen: Callable[[ChatRequest], Exchange],
        known: Callable[[str], ModelInfo],
    ) -> None:
        self.policy = policy
        self.attempts: tuple[Attempt, ...] = ()
        self._request = request
        self._names = list(names)
        self._reopen = reopen
        self._known = known
        self._name = ""
        self._error: JackfieldError | None = None
        self._is_prefilled = False

    def open(self, said: str = "", larger_than: int | None = None) -> Exchange:
        """Open the exchange of the next model that can be asked; `said` is what it shall go on from.

        Raises:
            JackfieldError: none is left; the error of the last one.
        """
        while self._names:
            self._name = self._names.pop(0)
            try:
                exchange = self._open(said)
            except _UNFIT as error:
                # what a model was asked and failed at says more than what another could not be asked
                self._error = self._error or error
                self._skip(type(error).__name__, error.message)
                continue
            context = exchange.model.context
            if larger_than is not None and context is not None and context <= larger_than:
                self._skip("skipped", f"its context of {context} tokens is no larger")
                continue
            return exchange
        assert self._error is not None
        self._error.attempts = self.attempts
        raise self._error

    def _open(self, said: str) -> Exchange:
        self._is_prefilled = bool(said) and "prefill" in (self._known(self._name).capabilities or ())
        return self._asked(said)

    def _asked(self, said: str) -> Exchange:
        request = self._request.model_copy(update={"model": self._name})
        return self._reopen(going_on(request, said, self._is_prefilled) if said else request)

    def _skip(self, outcome: str, reason: str) -> None:
        provider, _, model = self._name.partition("/")
        self.attempts = (*self.attempts, Attempt(provider, model or provider, outcome, reason=reason))

    def failed(self, exchange: Exchange, error: JackfieldError, seam: Seam) -> Exchange:
        """Return the exchange that takes the place of one that failed.

        Raises:
            JackfieldError: none does: the error goes to the caller, with all attempts.
        """
        self.attempts = (*self.attempts, *error.attempts)
        error.attempts = self.attempts
        self._error = error
        is_refused = isinstance(error, InvalidRequestError | UnsupportedParameterError) and not exchange.delivered
        if self._is_prefilled and is_refused:
            # the catalog says that it takes a beginning, and it does not: the same model is asked with words
            self._is_prefilled = False
            return self._asked(seam.text)
        if not self._may_go_on(error):
            raise error
        larger_than = exchange.model.context if isinstance(error, ContextLengthError) else None
        if not seam.has_spoken:
            return self.open(larger_than=larger_than)
        if self.policy.on_interruption == "raise" or not seam.is_single:
            raise error
        return self.open(seam.text if self.policy.on_interruption == "continue" else "", larger_than)

    def _may_go_on(self, error: JackfieldError) -> bool:
        if isinstance(error, ContentFilterError):
            return self.policy.refusals
        return error.retryable or isinstance(error, _ELSEWHERE) or type(error) is ProviderError


def going_on(request: ChatRequest, said: str, prefill: bool) -> ChatRequest:
    """Return a request for the rest of an answer: as the beginning of the model's own, or by an instruction."""
    if prefill:
        # an answer goes on behind white space of its own; some hosts refuse a beginning that ends in it
        messages = (*request.messages, Message(role="assistant", parts=said.rstrip()))
    else:
        messages = (
            *request.messages, Message(role="assistant", parts=said), Message(role="user", parts=_GO_ON),
        )  # fmt: skip
    return request.model_copy(update={"messages": messages})


def fall_back(course: Course, targets: Targets, run: Callable[[Exchange], Flow[Response]]) -> Flow[Response]:
    """Run the exchange of a course, and those that take its place, until one has its answer.

    Raises:
        JackfieldError: the last one's error, with the attempts of all.
    """
    seam = Seam()
    while True:
        exchange = course.exchange
        try:
            response = yield from relay(run(exchange), on_emit=seam.take)
        except JackfieldError as error:
            yield Close()
            following = targets.failed(exchange, error, seam)
            if seam.has_spoken:
                mode = targets.policy.on_interruption
                restarted = Restarted(following.endpoint.provider, error.message, mode)
                yield Emit(seam.restart(restarted, mode == "continue"))
            else:
                seam.forget()
            course.exchange = following
        else:
            if rest := seam.end():
                yield Emit(rest)
            response.attempts = (*targets.attempts, *response.attempts)
            if isinstance(response, ChatResponse) and seam.is_joined:
                response = replace(response, choices=seam.joined(response, exchange.endpoint))
            return response
