"""What the tests may not touch: credentials, the network, and a skip that nobody sees.

The network guard is an audit hook: it sees Python's own sockets in this process. A library that opens sockets in C
(uvloop does) and the processes that a test starts are not seen; they get no credentials either way.
"""

import ipaddress
import re
import sys
from collections.abc import MutableMapping
from typing import Any

__all__ = ["NetworkRefused", "is_local", "refuse_network", "unset_credentials"]

KEPT = {"JACKFIELD_RECORDINGS", "JACKFIELD_REQUIRE", "JACKFIELD_LIVE"}
CREDENTIAL = re.compile(
    r"""(?:.*_)?(?:API_?KEY|ACCESS_?KEY|AUTH_?KEY|KEY_ID|TOKEN|SECRET|SECRET_KEY|PASSWORD|CREDENTIALS?|PROXY)
    | (?:AI21|ALIBABA|ANTHROPIC|AWS|AZURE|BEDROCK|CEREBRAS|CLOUDFLARE|COHERE|DASHSCOPE|DATABRICKS|DEEPGRAM|DEEPSEEK
        |FIREWORKS|GCLOUD|GEMINI|GOOGLE|GROQ|HF|HUGGINGFACE|IBM|JACKFIELD|MISTRAL|OLLAMA|OPENAI|OPENROUTER|PERPLEXITY
        |REPLICATE|SNOWFLAKE|TOGETHER|VERTEX|VOYAGE|WATSONX|XAI)_.*""",
    re.IGNORECASE | re.VERBOSE,
)
WATCHED = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"}


class NetworkRefused(Exception):
    """A test asked for another machine; no OSError, so that nothing takes it for a failed connection."""


def unset_credentials(environment: MutableMapping[str, str]) -> None:
    """Remove every variable that could be a key, point at an account, or send traffic elsewhere."""
    for name in list(environment):
        if CREDENTIAL.fullmatch(name) and name not in KEPT:
            del environment[name]


def refuse_network() -> None:
    """Refuse, from now on and in this process, every address that is not on this machine."""
    sys.addaudithook(_audit)


def is_local(host: object) -> bool:
    """Whether a host name or address stays on this machine."""
    if host is None:
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if text in ("", "localhost") or text.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event not in WATCHED:
        return
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    elif isinstance(args[1], tuple):
        host = args[1][0]
    else:
        return  # a unix socket, or a message on a socket that is connected
    if not is_local(host):
        raise NetworkRefused(
            f"tests may not leave this machine, and {event} was asked for {host!r}; "
            "use a cassette, the sandbox or a server on a loopback address"
        )
