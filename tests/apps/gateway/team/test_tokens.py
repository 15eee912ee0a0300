"""JSON Web Tokens as keys: pinned algorithms, one issuer, one audience; and no confusion of any of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from jackfield import ConfigurationError
from jackfield_gateway._settings import Jwt
from jackfield_gateway._tokens import Tokens
from tests.apps.gateway.team.conftest import House, house_of
from tests.core.server import Server, completion, running, whole

pytestmark = [pytest.mark.needs("module:sqlalchemy"), pytest.mark.needs("module:jwt")]
ISSUER, AUDIENCE = "https://login.example", "jackfield"
KEY, OTHER = generate_private_key(65537, 2048), generate_private_key(65537, 2048)


def public(key: RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private(key: RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def claims(**more: Any) -> dict[str, Any]:
    found = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": int(time.time()) + 60, "project": "default", **more}
    return {name: value for name, value in found.items() if value is not None}


def signed(key: Any = KEY, algorithm: str = "RS256", headers: dict[str, Any] | None = None, **more: Any) -> str:
    return jwt.encode(claims(**more), key, algorithm, headers)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("tokens")
    (folder / "issuer.pem").write_bytes(public(KEY))
    settings = {"issuer": ISSUER, "audience": AUDIENCE, "keys": str(folder / "issuer.pem")}
    with running() as upstream:
        upstream.answer(whole(completion("Hello")))
        with house_of(folder, upstream, jwt=settings) as found:
            yield found


def test_a_good_token_is_a_key(house: House) -> None:
    assert house.chat(signed()).status_code == 200
    me = house.manage("GET", "me", signed())
    assert (me["key_id"], me["role"], me["project_id"]) == ("jwt:ann", "member", house.projects["first"])
    assert house.call("GET", "/api/manage/keys", signed()).status_code == 403
    assert house.call("GET", "/api/manage/keys", signed(role="admin")).status_code == 200
    assert house.chat(signed(role="viewer")).status_code == 403
    assert house.manage("GET", "me", signed(project=house.projects["first"]))["project_id"] == house.projects["first"]
    assert house.chat(signed(project=house.projects["second"])).status_code == 401, "the issuer is not that one's"
    assert house.chat(signed(project="second")).status_code == 401


def _unsigned(header: dict[str, Any], **more: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(claims(**more))}."


def _confused() -> str:
    """A token that is signed by HMAC with the public key, which everybody has, as its secret."""
    head = _unsigned({"alg": "HS256", "typ": "JWT"})[:-1]
    signature = hmac.digest(public(KEY), head.encode(), hashlib.sha256)
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "token",
    [
        signed(OTHER),
        signed(exp=int(time.time()) - 5),
        signed(exp=None),
        signed(iss="https://evil.example"),
        signed(iss=None),
        signed(aud="other"),
        signed(aud=None),
        signed(aud=[AUDIENCE, "other"]),
        signed(sub=None),
        signed(sub="s" * 201),
        signed(role="root"),
        signed(role=["admin"]),
        signed(project="nowhere"),
        signed(project=None),
        signed(project={"$ne": ""}),
        signed(nbf=int(time.time()) + 600),
        signed(algorithm="RS512"),
        signed(algorithm="PS256"),
        _unsigned({"alg": "none"}),
        _unsigned({"alg": "None", "typ": "JWT"}, role="admin"),
        _confused(),
        signed(OTHER, headers={"jwk": json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OTHER.public_key()))}),
        signed(OTHER, headers={"jku": "https://evil.example/keys", "kid": "../../dev/null"}),
        signed(OTHER, headers={"x5u": "https://evil.example/cert"}),
        f"{signed()}x",
        f"{signed()[:-5]}AAAAA",
        "a.b.c",
        "..",
    ],
)
def test_a_token_of_another_make_is_none(house: House, token: str) -> None:
    assert house.chat(signed()).status_code == 200, "a good one that begins alike is known"
    answer = house.chat(token)
    assert answer.status_code == 401, answer.text
    assert token not in answer.text


def test_item_16_tokens_that_begin_alike_are_never_one_another(house: House) -> None:
    ann, bob = signed(sub="ann"), signed(sub="bob")
    assert ann[:40] == bob[:40]
    for token, name in ((ann, "jwt:ann"), (bob, "jwt:bob"), (ann, "jwt:ann")):
        assert house.manage("GET", "me", token)["key_id"] == name


def test_a_token_ends_when_it_says_also_where_it_is_known(house: House) -> None:
    token = signed(exp=int(time.time()) + 2)
    assert house.chat(token).status_code == 200
    time.sleep(2.2)
    assert house.chat(token).status_code == 401


def test_a_file_with_a_secret_key_is_refused(tmp_path: Path) -> None:
    (path := tmp_path / "keys").write_bytes(private(KEY))
    settings = Jwt(issuer=ISSUER, audience=AUDIENCE, keys=path)
    with pytest.raises(ConfigurationError, match=r"gateway\.jwt\.keys"):
        Tokens(settings, None)  # type: ignore[arg-type]
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY))
    path.write_text(json.dumps({"keys": [{**jwk, "kid": "a"}]}))
    with pytest.raises(ConfigurationError, match="secret"):
        Tokens(settings, None)  # type: ignore[arg-type]
    path.write_text(json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]}))
    with pytest.raises(ConfigurationError, match="secret"):
        Tokens(settings, None)  # type: ignore[arg-type]


def test_a_set_of_keys_is_read_anew_for_a_key_that_is_new(tmp_path: Path, upstream: Server) -> None:
    def key_set(**keys: RSAPrivateKey) -> str:
        rows = [
            {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": kid}
            for kid, key in keys.items()
        ]
        return json.dumps({"keys": rows})

    upstream.answer(whole(completion("Hello")))
    (path := tmp_path / "keys.json").write_text(key_set(old=KEY))
    settings = {"issuer": ISSUER, "audience": AUDIENCE, "keys": str(path)}
    with house_of(tmp_path, upstream, jwt=settings) as house:
        assert house.chat(signed(headers={"kid": "old"})).status_code == 200
        assert house.chat(signed(OTHER, headers={"kid": "old"})).status_code == 401
        path.write_text(key_set(old=KEY, new=OTHER))
        house.app.team._tokens._read_at -= 60  # type: ignore[union-attr]  # the file is looked at every ten seconds
        assert house.chat(signed(OTHER, headers={"kid": "new"})).status_code == 200
        assert house.chat(signed(KEY, headers={"kid": "new"})).status_code == 401
