"""Runs in an environment that has only what was installed: a chat and a stream, in both colours, over a real socket."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from typing import Any

import jackfield

MESSAGE = {"role": "assistant", "content": "Hello"}
WHOLE = {"id": "1", "model": "m", "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}]}


class Handler(BaseHTTPRequestHandler):
    """Answers chats whole or as a stream."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        data, kind = json.dumps(WHOLE).encode(), "application/json"
        if body.get("stream"):
            rows: list[dict[str, Any]] = [{"delta": {"content": piece}} for piece in ("Hel", "lo")]
            rows.append({"delta": {}, "finish_reason": "stop"})
            events = [json.dumps({"id": "1", "model": "m", "choices": [{"index": 0, **row}]}) for row in rows]
            data = "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"]).encode()
            kind = "text/event-stream"
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


async def _asked(options: dict[str, Any]) -> list[str]:
    async with jackfield.AsyncClient(**options) as client:
        answer = await client.chat("openai-compatible/m", "Hi")
        async with client.stream("openai-compatible/m", "Hi") as stream:
            async for _ in stream:
                pass
            return [answer.text, stream.response.text]


def main() -> None:
    """Ask, compare, and say over which library."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        options: dict[str, Any] = {"providers": {"openai-compatible": {"base_url": url}}}
        try:
            with jackfield.Client(**options) as client:
                texts = [client.chat("openai-compatible/m", "Hi").text]
                with client.stream("openai-compatible/m", "Hi") as stream:
                    for _ in stream:
                        pass
                texts.append(stream.response.text)
            texts += asyncio.run(_asked(options))
        finally:
            server.shutdown()
            thread.join()
    assert texts == ["Hello"] * 4, texts
    import sys

    print("ok over", "httpx2" if "httpx2" in sys.modules else "httpx", "pluggy", version("pluggy"))


if __name__ == "__main__":
    main()
