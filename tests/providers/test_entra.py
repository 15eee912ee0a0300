"""Tokens of Entra ID: from an object with get_token, and from azure-identity's own against a seller on loopback."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import ssl
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jackfield import AsyncClient, AuthenticationError, Client, ConfigurationError, ConnectionFailed
from tests.core.server import Server, chunk, completion, running, streamed, whole

SCOPE = "https://cognitiveservices.azure.com/.default"


class AccessToken(NamedTuple):
    """What the protocol's `get_token` returns."""

    token: str
    expires_on: int


@dataclass
class Given:
    """A credential of the caller's own, after the protocol azure.core.credentials.TokenCredential."""

    fails: bool = False
    scopes: list[str] = field(default_factory=list)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.scopes += scopes
        if self.fails:
            raise RuntimeError("the vault is closed")
        return AccessToken("of-mine", 2_000_000_000)


class AsyncGiven(Given):
    """The same, after azure.core.credentials_async.AsyncTokenCredential."""

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:  # type: ignore[override]
        return super().get_token(*scopes, **options)


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        found.answer(whole(completion()))
        yield found


def overrides(server: Server, credential: Any) -> dict[str, dict[str, Any]]:
    return {"microsoft": {"base_url": server.url, "credential": credential}}


async def chat_async(providers: dict[str, dict[str, Any]], **environ: str) -> str:
    async with AsyncClient(providers, environ=environ) as client:
        return (await client.chat("microsoft/gpt-4o", "Hi")).text


def bearers(server: Server) -> list[str]:
    return [asked["headers"]["authorization"] for asked in server.requests]


def test_an_object_that_gives_tokens_proves_who_asks(server: Server) -> None:
    credential = Given()
    said = streamed(chunk(content="Hello"), chunk(finish="stop"), b"data: [DONE]\n\n")
    server.answer(whole(completion()), said, whole(completion()))
    with Client(overrides(server, credential), environ={"AZURE_OPENAI_API_KEY": "unused"}) as client:
        assert client.chat("microsoft/gpt-4o", "Hi").text == "Hello"
        with client.stream("microsoft/gpt-4o", "Hi") as stream:
            list(stream)
        assert stream.response.text == "Hello"
    assert asyncio.run(chat_async(overrides(server, credential))) == "Hello"
    assert asyncio.run(chat_async(overrides(server, AsyncGiven()))) == "Hello"
    assert bearers(server) == ["Bearer of-mine"] * 4
    assert credential.scopes == [SCOPE] * 3
    assert all("api-key" not in asked["headers"] for asked in server.requests)


def test_an_async_credential_needs_an_async_client(server: Server) -> None:
    with Client(overrides(server, AsyncGiven()), environ={}) as client, pytest.raises(ConfigurationError, match="aio"):
        client.chat("microsoft/gpt-4o", "Hi")
    assert server.requests == []


@pytest.mark.parametrize("credential", [Given(fails=True), AsyncGiven(fails=True)])
def test_a_credential_that_gives_none_says_why(server: Server, credential: Any) -> None:
    with pytest.raises(AuthenticationError, match=r"the vault is closed; look at its settings") as failed:
        asyncio.run(chat_async(overrides(server, credential)))
    assert failed.value.provider == "microsoft"
    assert server.requests == []


def test_what_is_no_credential_is_refused(server: Server) -> None:
    absent = pytest.raises(ConfigurationError, match="a object without get_token")
    with Client(overrides(server, object()), environ={}) as client, absent:
        client.chat("microsoft/gpt-4o", "Hi")
    other = {"openai": {"base_url": server.url, "credential": Given()}}
    with Client(other, environ={}) as client, pytest.raises(ConfigurationError, match="takes no object; give api_key"):
        client.chat("openai/gpt-5", "Hi")


def test_without_azure_identity_the_error_names_the_extra(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    monkeypatch.setattr("jackfield_microsoft._identity._DEFAULT", [])
    environ = {"AZURE_TOKEN_CREDENTIALS": "dev", "AZURE_OPENAI_RESOURCE": "contoso"}
    absent = pytest.raises(ConfigurationError, match=r"pip install 'jackfield-microsoft\[entra\]'")
    with Client(environ=environ) as client, absent:
        client.chat("microsoft/gpt-4o", "Hi")


# -- azure-identity itself; it asks sellers over TLS alone ---------------------------------------------------------


class Seller(ThreadingHTTPServer):
    """Sells tokens as Entra ID does, over TLS with a certificate of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.certificate = certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.sold: list[dict[str, list[str]]] = []
        self.refuse = False

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://127.0.0.1:{self.server_port}"


class Desk(BaseHTTPRequestHandler):
    """One request: where tokens are sold, or for a token."""

    server: Seller

    def do_GET(self) -> None:
        base = f"{self.server.url}/tenant"
        self._answer(
            200,
            {
                "issuer": f"{base}/v2.0",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            },
        )

    def do_POST(self) -> None:
        self.server.sold.append(parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()))
        if self.server.refuse:
            self._answer(401, {"error": "invalid_client", "error_description": "AADSTS7000215: wrong secret"})
        else:
            token = f"made-{len(self.server.sold)}"
            self._answer(200, {"token_type": "Bearer", "access_token": token, "expires_in": 3600})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None: ...


def certificate(folder: Path) -> Path:
    """Write a certificate for loopback, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seller")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (path := folder / "seller.pem").write_bytes(secret + made.public_bytes(pem))
    return path


@pytest.fixture
def seller(tmp_path: Path) -> Iterator[Seller]:
    with Seller(tmp_path) as found:
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join(5)


def options(seller: Seller) -> dict[str, Any]:
    return {
        "authority": seller.url,
        "connection_verify": str(seller.certificate),
        "disable_instance_discovery": True,
        "retry_total": 0,
    }


@pytest.mark.needs("module:azure.identity")
def test_an_applications_secret_buys_one_token_for_both_clients(server: Server, seller: Seller) -> None:
    from azure.identity import ClientSecretCredential

    with ClientSecretCredential("tenant", "app", "s3cret", **options(seller)) as credential:
        with Client(overrides(server, credential), environ={}) as client:
            client.chat("microsoft/gpt-4o", "Hi")
        assert asyncio.run(chat_async(overrides(server, credential))) == "Hello"
    assert bearers(server) == ["Bearer made-1"] * 2
    (form,) = seller.sold
    assert (form["client_secret"], form["scope"]) == (["s3cret"], [SCOPE])


@pytest.mark.needs("module:azure.identity")
def test_a_workload_shows_the_token_of_its_file(server: Server, seller: Seller, tmp_path: Path) -> None:
    from azure.identity import WorkloadIdentityCredential

    (file := tmp_path / "federated").write_text("of-the-cluster")
    with (
        WorkloadIdentityCredential(
            tenant_id="tenant", client_id="app", token_file_path=str(file), **options(seller)
        ) as credential,
        Client(overrides(server, credential), environ={}) as client,
    ):
        client.chat("microsoft/gpt-4o", "Hi")
    assert bearers(server) == ["Bearer made-1"]
    assert seller.sold[0]["client_assertion"] == ["of-the-cluster"]


@pytest.mark.needs("module:azure.identity")
def test_what_entra_refuses_is_told_without_the_secret(server: Server, seller: Seller) -> None:
    from azure.identity import ClientSecretCredential

    seller.refuse = True
    with (
        ClientSecretCredential("tenant", "app", "s3cret", **options(seller)) as credential,
        Client(overrides(server, credential), environ={}, retries=0) as client,
        pytest.raises(AuthenticationError, match="AADSTS7000215") as failed,
    ):
        client.chat("microsoft/gpt-4o", "Hi")
    assert "s3cret" not in str(failed.value)
    assert server.requests == []


@pytest.mark.needs("module:azure.identity")
def test_a_seller_that_is_not_there_is_told_as_such(server: Server, seller: Seller) -> None:
    from azure.identity import ClientSecretCredential

    away = {**options(seller), "authority": "https://127.0.0.1:1"}
    with (
        ClientSecretCredential("tenant", "app", "s3cret", **away) as credential,
        Client(overrides(server, credential), environ={}, retries=0) as client,
        pytest.raises(ConnectionFailed, match="not reached"),
    ):
        client.chat("microsoft/gpt-4o", "Hi")
