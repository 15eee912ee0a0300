"""A provider written by hand: it speaks the chat completions of the OpenAI dialect, streamed and whole, over HTTP."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Provider"]

USAGE = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
WORDS = ["Hello", ", ", "wörld", " 🌍"]


class Provider:
    """A running server; `requests` are the bodies that came. What a model does is in its name."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.cancelled = threading.Event()
        self.stalled = threading.Event()
        self.closing = threading.Event()
        provider = self

        class Answering(_Handler):
            owner = provider

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop listening and let stalled answers go."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: Provider
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [_listed("large"), _listed("brand-new")]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.owner.requests.append(body)
        model = body["model"]
        if model == "busy":
            self._send(429, {"error": {"message": "too many\nrequests", "type": "rate_limit"}}, {"retry-after": "77"})
        elif model == "denied":
            self._send(401, {"error": {"message": "this key is wrong", "type": "invalid_request_error"}})
        elif body.get("stream"):
            self._stream(model)
        else:
            self._send(200, _whole(model))

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, text)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, model: str) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        try:
            self._deltas(model)
        except (BrokenPipeError, ConnectionResetError):
            self.owner.cancelled.set()
        self.close_connection = True

    def _deltas(self, model: str) -> None:
        if model == "thinker":
            self._event(_chunk(model, {"role": "assistant", "reasoning_content": "Let me think."}))
        if model == "caller":
            call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
            self._event(_chunk(model, {"role": "assistant", "tool_calls": [call]}))
        words = {"caller": [], "escapes": ["red \x1b[31mtext\x07"], "endless": ["again\n"] * 20_000}
        for number, word in enumerate(words.get(model, WORDS)):
            self._event(_chunk(model, {"content": word}))
            if model == "slow":
                time.sleep(0.2)
            if model == "cut" and number == 1:
                return
            if model == "stalling" and number == 1:
                self._stall()
        reason = {"caller": "tool_calls", "short": "length"}.get(model, "stop")
        self._event(_chunk(model, {}, reason))
        if model != "silent":
            self._event({**_chunk(model, {}), "choices": [], "usage": USAGE})
        self.wfile.write(b"data: [DONE]\n\n")

    def _stall(self) -> None:
        """Say nothing but comments until the caller has gone."""
        self.owner.stalled.set()
        while not self.owner.closing.wait(0.05):
            self.wfile.write(b": still here\n\n")

    def _event(self, value: Any) -> None:
        self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


def _chunk(model: str, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "a1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}


def _whole(model: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(WORDS)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {
        "id": "a1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [choice],
        "usage": USAGE,
    }


def _listed(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "acme"}
