"""Acme passes the conformance kit, and what only Acme writes so is read and written so."""

from jackfield import ChatRequest, Client
from jackfield_conformance import ProviderConformance

pytest_plugins = ["jackfield_conformance"]
ANSWER = b"""{
  "id": "1", "object": "chat.completion", "created": 1, "model": "acme-large",
  "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
  "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11, "tokens_from_cache": 4}
}"""


class TestAcme(ProviderConformance):
    name = "acme"


def test_what_is_sent_and_read() -> None:
    request = ChatRequest(model="acme/acme-large", messages="Hello", user="jane")
    with Client(providers={"acme": {"api_key": "any"}}) as client:
        exchange = client.exchange(request)
    assert exchange.http_request.json() == {
        "model": "acme-large",
        "messages": [{"role": "user", "content": "Hello"}],
        "end_user": {"name": "jane"},
    }
    exchange.receive_head(200, {"content-type": "application/json"})
    exchange.receive_data(ANSWER)
    exchange.receive_eof()
    usage = exchange.response.usage
    assert usage is not None
    assert usage.cached_tokens == 4
