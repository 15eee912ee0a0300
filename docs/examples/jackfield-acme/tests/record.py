"""Records the cassettes: `python tests/record.py`. What goes to the server here is kept as sent to Acme's address."""

import threading
from pathlib import Path
from typing import Any

import server
import vcr

from jackfield import Client, JackfieldError

FOLDER = Path(__file__).parent / "cassettes"
ADDRESS = "https://api.acme.example/v1"


def main() -> None:
    """Record every scenario."""
    with server.serve() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{running.server_port}/v1"

        def kept(request: Any) -> Any:
            request.uri = request.uri.replace(here, ADDRESS)
            request.headers = {"content-type": "application/json"}
            return request

        tape = vcr.VCR(record_mode="all", before_record_request=kept)
        with Client(providers={"acme": {"base_url": here, "api_key": server.KEY}}, retries=0) as client:
            for name, model, asked, more in SCENARIOS:
                for stream in (False, True):
                    path = FOLDER / f"{name}{'-stream' if stream else ''}.yaml"
                    path.unlink(missing_ok=True)
                    with tape.use_cassette(str(path)):
                        ask(client, f"acme/{model}", asked, more, stream)
        running.shutdown()


SCENARIOS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("hello", "acme-large", "Good morning to you", {}),
    ("unicode", "acme-large", 'naïve 数字 👩‍🚀 "quoted"', {"temperature": 0.5}),
    ("short", "acme-large", "Say more than this", {"max_tokens": 3}),
    ("no-model", "acme-small", "Hello", {}),
)


def ask(client: Client, model: str, asked: str, more: dict[str, Any], stream: bool) -> None:
    """Ask once; a refusal is recorded too."""
    try:
        if stream:
            with client.stream(model, asked, **more) as deltas:
                list(deltas)
        else:
            client.chat(model, asked, **more)
    except JackfieldError as error:
        print(error)


if __name__ == "__main__":
    main()
