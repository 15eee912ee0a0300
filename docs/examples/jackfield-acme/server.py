"""Acme's server, as small as a server can be: it says what was asked, whole or in lines. `python server.py 8900`."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "acme-key"


class Acme(BaseHTTPRequestHandler):
    """Answers `POST /v1/talk`."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers["x-acme-key"] != KEY:
            self.answer(401, {"problem": "this key opens nothing"})
        elif body["model"] != "acme-large":
            self.answer(404, {"problem": f"there is no model {body['model']}"})
        elif body["stream"]:
            self.stream(body)
        else:
            self.answer(200, {"id": "talk-1", "reply": reply(body), "why": why(body), "spent": spent(body)})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/x-ndjson")
        self.end_headers()
        lines: list[dict[str, Any]] = [{"id": "talk-1"}]
        lines += [{"more": word} for word in reply(body).split(" ") for word in (word + " ",)]
        lines[-1]["more"] = lines[-1]["more"].removesuffix(" ")
        lines.append({"why": why(body), "spent": spent(body)})
        for line in lines:
            self.wfile.write(json.dumps(line).encode() + b"\n")
            self.wfile.flush()

    def log_message(self, format: str, *values: Any) -> None:
        """Say nothing."""


def words(body: dict[str, Any]) -> list[str]:
    """Return the words of the answer."""
    return ["You", "said:", *body["turns"][-1]["says"].split()]


def reply(body: dict[str, Any]) -> str:
    """Return as much of the answer as was asked for."""
    return " ".join(words(body)[: body.get("max_tokens")])


def why(body: dict[str, Any]) -> str:
    """Say why the answer ends."""
    return "limit" if len(words(body)) > body.get("max_tokens", 4096) else "end"


def spent(body: dict[str, Any]) -> dict[str, int]:
    """Count words for tokens."""
    return {"in": sum(len(turn["says"].split()) for turn in body["turns"]), "out": len(reply(body).split())}


def serve(port: int = 0) -> ThreadingHTTPServer:
    """Open the server on loopback; 0 is any free port."""
    return ThreadingHTTPServer(("127.0.0.1", port), Acme)


if __name__ == "__main__":
    with serve(int(sys.argv[1]) if len(sys.argv) > 1 else 8900) as server:
        print(f"Acme answers on http://127.0.0.1:{server.server_port}/v1 (the key is {KEY})")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("closed")
