"""Exchange: one request with its response, as a state machine that never sees a socket.

Ask `http_request` (or `authorized()`), send it however you like, then feed `receive_head`, `receive_data` and
`receive_eof`; `response` is the answer. The same machine serves sync, async, batch files and other people's clients.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from .accounting import cost_of
from .advice import advise
from .arrival import arrive
from .assembly import Assembler, stamp
from .attempts import attempt_of
from .board import Board
from .book import PriceBook
from .conversation import ChatRequest, ChatResponse
from .counting import TokenCountRequest
from .crossing import is_plain
from .deltas import Delta, StreamDecoder, UsageDelta
from .errors import (
    ConfigurationError,
    JackfieldError,
    ProviderError,
    ResponseFormatError,
    StreamInterrupted,
    UnsupportedFeature,
    class_for_status,
    retry_after,
)
from .framing import Framing, open_framing
from .media import FETCHED, unfetched, with_contents
from .operations import Adjustment, Attempt, Request, Response
from .pricing import Cost
from .usage import Usage
from .wire import Endpoint, Event, Facts, HTTPRequest, HTTPResponse

if TYPE_CHECKING:
    from .fetching import Fetched
    from .key_rings import KeyRing

Unsupported = Literal["warn", "record", "error", "pass"]
_PROSE = 500


class Exchange:
    """One request to one endpoint.

    Raises:
        UnsupportedFeature: the model cannot do what is asked, or may not be asked it under `unsupported="error"`.
        PluginError: a hook broke its contract.
    """

    def __init__(
        self,
        board: Board,
        request: Request,
        endpoint: Endpoint,
        at: datetime,
        unsupported: Unsupported = "warn",
        book: PriceBook | None = None,
        *,
        fetches: bool = False,
    ) -> None:
        self.board = board
        self.book = book
        self.at = at
        self.model = board.model(request.model)
        #: Attempts before this one; they go with the answer.
        self.earlier: tuple[Attempt, ...] = ()
        #: Other endpoints of the provider, where a client has several keys.
        self.keys: KeyRing | None = None
        self._asked, self._unsupported = request, unsupported
        self._fetches, self._supplied = fetches and unsupported != "error", False
        self.aim(endpoint)

    def aim(self, endpoint: Endpoint) -> None:
        """Prepare the request for an endpoint, and forget what was received: for another attempt, with another key.

        With `fetches`, `unfetched` names the addresses whose content the model takes, and not the address: until
        `supply` has brought it, there is no request to send.
        """
        board, request, unsupported = self.board, self._asked, self._unsupported
        self.endpoint = endpoint
        found: tuple[Adjustment, ...] = (FETCHED,) if self._supplied else ()
        fits = unsupported != "pass"
        self.unfetched: tuple[str, ...] = ()
        if isinstance(request, ChatRequest):
            if not is_plain(request):
                self.unfetched = unfetched(request, self.model) if self._fetches else ()
                request, moved = arrive(request, endpoint, self.model, self.unfetched, fits)
                found += moved
        elif isinstance(request, TokenCountRequest) and not is_plain(request.chat):
            chat, moved = arrive(request.chat, endpoint, self.model, (), fits)
            request, found = request.model_copy(update={"chat": chat}), found + moved
        fitted = board.fit_request(request, self.model)
        if fitted.adjustments and fits:
            found += fitted.adjustments
        if found and unsupported == "error":
            first = found[0]
            raise UnsupportedFeature(
                f"{first.parameter} would be {first.action}: {first.reason}",
                provider=endpoint.provider,
                model=request.model,
                param=first.parameter,
            )
        self.adjustments = found
        self.request = fitted.request if fits else request
        self.http_request = HTTPRequest("POST", endpoint.base_url)
        if not self.unfetched:
            self.http_request = board.translate_request(self.request, endpoint, self.model).encode()
        self.restart()

    def supply(self, contents: Mapping[str, Fetched]) -> None:
        """Take what stands at the addresses in `unfetched`, and prepare the request with it."""
        assert isinstance(self._asked, ChatRequest)
        self._asked, self._supplied = with_contents(self._asked, self.model, contents), True
        self.aim(self.endpoint)

    def __repr__(self) -> str:
        return f"<Exchange {self.endpoint.provider}/{self.request.model}>"

    def restart(self) -> None:
        """Forget what was received, for another attempt."""
        self.head: HTTPResponse | None = None
        self.facts = Facts()
        self.delivered = False
        self._body: list[bytes] = []
        self._log: list[Delta] = []
        self._framing: Framing | None = None
        self._decoder: StreamDecoder | None = None
        self.failure: JackfieldError | None = None
        self._response: Response | None = None

    def authorized(self, at: datetime | None = None) -> HTTPRequest:
        """Return a copy of the request with proof of who asks, at a time; without one at that of the exchange.

        Raises:
            ConfigurationError: this provider needs I/O for it (a token exchange): drive a flow instead.
        """
        signed = self.sign(at)
        if not isinstance(signed, HTTPRequest):
            raise ConfigurationError(f"{self.endpoint.provider} exchanges tokens; use a client")
        return signed

    def sign(self, at: datetime | None = None) -> HTTPRequest | Generator[Any, Any, HTTPRequest]:
        """Return the authorized request, or the flow that returns it."""
        bare = self.http_request
        copy = HTTPRequest(bare.method, bare.url, dict(bare.headers), bare.body)
        return self.board.authorize(copy, self.endpoint, at or self.at)

    def receive_head(self, status: int, headers: Mapping[str, str]) -> None:
        """Take status and headers; header names are in lower case."""
        self.head = head = HTTPResponse(status, headers)
        self.facts = self.board.normalize_headers(head)
        if self.request.stream and status < 400:
            self._decoder = decoder = self.board.stream_decoder(self.request, head)
            self._framing = open_framing(decoder.framing, headers.get("content-type"))

    def receive_data(self, chunk: bytes) -> list[Delta]:
        """Take bytes of the body, cut anywhere; return the deltas that they complete.

        Raises:
            ProviderError: the stream holds an error; deltas that came before it have been returned by then.
        """
        if not self.delivered:
            self._body.append(chunk if self._decoder is None else chunk[:_PROSE])
            if self._decoder is None:
                return []
        if self.failure is not None:
            raise self.failure
        return self._feed(chunk)

    def receive_eof(self) -> list[Delta]:
        """Take the end of the body; return the last deltas.

        Raises:
            ProviderError: the answer is an error, or cannot be read.
            StreamInterrupted: the stream ended before its end.
        """
        if self.head is None:
            raise self.complete(ResponseFormatError("the answer ended before its head"))
        if self._decoder is None:
            self._response = self._read_whole(HTTPResponse(self.head.status, self.head.headers, b"".join(self._body)))
            return []
        self.check()
        deltas = self._feed(None)
        if self.failure is None:
            self._response = self._finish(self._assembled())
        return deltas

    def check(self) -> None:
        """Raise the error that the stream held, if it held one."""
        if self.failure is not None:
            raise self.failure

    @property
    def response(self) -> Response:
        """The answer.

        Raises:
            JackfieldError: it has not ended yet, or ended in an error.
        """
        self.check()
        if self._response is None:
            raise self.complete(JackfieldError("the answer has not ended yet; read it to its end"))
        return self._response

    def _feed(self, chunk: bytes | None) -> list[Delta]:
        """Frame and decode; None is the end. An error is kept until what came before it has been returned."""
        framing, decoder = self._framing, self._decoder
        assert framing is not None
        assert decoder is not None
        deltas: list[Delta] = []
        try:
            if chunk is not None:
                events = framing.feed(chunk)
                if len(events) == 1:
                    deltas = decoder.feed(events[0])
                else:
                    for event in events:
                        deltas += decoder.feed(event)
            else:
                for event in framing.close():
                    deltas += _last(decoder, event)
                deltas += decoder.close()
        except JackfieldError as error:
            deltas += error.deltas
            self.failure = self._refined(error)
        except Exception as error:
            self.failure = self.board.broken("stream_decoder", error)
        if deltas:
            self.delivered = True
            self._log += deltas
            for delta in deltas:
                if type(delta) is UsageDelta and delta.raw is not None:
                    delta.usage = self._usage(delta.raw, delta.service_tier)
        if self.failure is not None:
            self.complete(self.failure)
            self.failure.response = self._finish(self._assembled())
        return deltas

    def _refined(self, error: JackfieldError) -> JackfieldError:
        """Let the provider read an error event."""
        head = self.head
        if error.body is None or type(error) is not ProviderError or head is None:
            return error
        answer = HTTPResponse(head.status, head.headers, error.body)
        refined = self.board.normalize_error(self.request, answer) or error
        refined.body = error.body
        return refined

    def partial(self) -> Response | None:
        """Return what has arrived of a stream; None where nothing was streamed."""
        return self._finish(self._assembled()) if self._decoder is not None else None

    def _assembled(self) -> Response:
        assembler = Assembler()
        try:
            assembler.extend(self._log)
            return assembler.response()
        except Exception as error:
            raise self.board.broken("stream_decoder", error) from error

    def _read_whole(self, answer: HTTPResponse) -> Response:
        try:
            if answer.status >= 400:
                raise self._error(answer)
            return self._finish(self.board.normalize_response(self.request, answer))
        except ProviderError as error:
            self.complete(error, answer)
            raise

    def _error(self, answer: HTTPResponse) -> JackfieldError:
        error = self.board.normalize_error(self.request, answer)
        if error is None:
            prose = answer.body[:_PROSE].decode("utf-8", "replace").strip() or "the provider gave no reason"
            error = class_for_status(answer.status)(prose)
        return self.complete(error, answer)

    def complete(self, error: JackfieldError, answer: HTTPResponse | None = None) -> JackfieldError:
        """Write on an error what the exchange knows: who, status, request id, wait, body."""
        hidden = self.endpoint.credential.hidden
        error.message = hidden(error.message.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        error.args = (error.message,)
        error.provider = error.provider or self.endpoint.provider
        error.model = error.model or self.request.model
        head = answer or self.head
        if head is not None:
            error.status = error.status if error.status is not None else head.status
            error.request_id = error.request_id or self.facts.request_id
            if error.retry_after is None and head.status >= 400:
                error.retry_after = retry_after(head.headers, self.at.timestamp())
        if error.body is None:
            error.body = answer.body if answer is not None else b"".join(self._body)
        error.body = hidden(error.body)
        if isinstance(error, ProviderError) and self.board.info is not None:
            advise(error, self.board.info, self.request.model)
        return error

    def _usage(self, raw: Mapping[str, Any], tier: str | None) -> Usage | None:
        if tier is not None:
            self.facts.tier = tier
        return self.board.usage_items(self.request, raw, self.facts)

    def _finish(self, response: Response) -> Response:
        """Add what the exchange knows to what the body says."""
        head, facts = self.head, self.facts
        assert head is not None
        usage = response.usage
        if usage is None and response.raw_usage is not None:
            usage = self._usage(response.raw_usage, response.service_tier)
        response.usage = usage
        response.provider = self.endpoint.provider
        response.cost = self._cost(response, usage)
        response.request_id = response.request_id or facts.request_id
        response.headers = head.headers
        response.adjustments = self.adjustments
        response.attempts = (*self.earlier, attempt_of(self, None, response))
        response.sandboxed = facts.sandboxed
        if isinstance(response, ChatResponse):
            stamp(response, self.endpoint.dialect, self.endpoint.origin)
        return response

    def _cost(self, response: Response, usage: Usage | None) -> Cost:
        if self.facts.sandboxed:
            return Cost(None, "unknown", notes=("the sandbox answered; nothing is charged",))
        if usage is None:
            return Cost(None, "unknown", notes=("the provider stated no usage",))
        facts = self.facts.served() if self.facts.tier or self.facts.region else {}
        for key in ("region", "mode") if self.endpoint.settings else ():
            if value := self.endpoint.settings.get(key):
                facts.setdefault(key, value)
        if tier := response.service_tier:
            facts["tier"] = tier
        return cost_of(self.board, usage, (response.model, self.request.model), facts, self.at, self.book)


def _last(decoder: StreamDecoder, event: Event) -> list[Delta]:
    """Decode an event that the end of the body completed: half an event is a stream that was cut."""
    try:
        return decoder.feed(event)
    except ResponseFormatError as error:
        raise StreamInterrupted("the stream was cut in the middle of an event", body=error.body) from None
