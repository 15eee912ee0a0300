"""Acme passes the conformance kit, and is asked as its reference says."""

from jackfield import ChatRequest, Client
from jackfield_conformance import ProviderConformance

pytest_plugins = ["jackfield_conformance"]


class TestAcme(ProviderConformance):
    name = "acme"


def test_what_is_sent() -> None:
    request = ChatRequest(model="acme/acme-large", messages="Hello", temperature=0.5, max_tokens=100)
    with Client(providers={"acme": {"api_key": "any"}}) as client:
        sent = client.exchange(request).http_request
    assert sent.url == "https://api.acme.example/v1/chat/completions"
    assert sent.json() == {
        "model": "acme-large",
        "messages": [{"role": "user", "content": "Hello"}],
        "temperature": 0.5,
        "max_new_tokens": 100,
    }
