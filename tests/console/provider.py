"""A provider of accounts by OpenID Connect, over HTTP: it says of whoever comes what a test has it say."""

import json
import socket
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Annotated, Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import uvicorn
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from fastapi import FastAPI, Form, Request
from fastapi.responses import JSONResponse, Response
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

CLIENT: Final = "syncd"
SECRET: Final = "a-client-s-own-s3cret"


class Provider:
    """Whom it knows as `who`, and how it lies: `lies` stand in its tokens instead of the truth; `ends` is where it
    ends sessions, if it says so."""

    def __init__(self, issuer: str) -> None:
        self.issuer: Final = issuer
        self.key = ECKey.generate_key("P-256", {"kid": "1", "use": "sig"})
        self.be_true()

    def be_true(self) -> None:
        self.who: dict[str, object] = {"sub": "248289", "preferred_username": "李娜", "groups": ["accounting"]}
        self.lies: dict[str, object] = {}
        self.said_issuer, self.alg, self.signed_by, self.forgets = self.issuer, "ES256", self.key, True
        self.methods = ["client_secret_basic"]
        self.ends: str | None = None
        self.asked: dict[str, dict[str, str]] = {}

    def agree(self, address: str) -> dict[str, str]:
        """Somebody comes to this address and says yes; what they bring back."""
        at, query = urlsplit(address), {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert f"{at.scheme}://{at.netloc}{at.path}" == f"{self.issuer}/authorize"
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT)
        code = token_urlsafe(8)
        self.asked[code] = query
        return {"code": code, "state": query["state"], "iss": self.issuer}

    def discovered(self) -> dict[str, object]:
        return {
            "issuer": self.said_issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": self.methods,
        } | ({"end_session_endpoint": self.ends} if self.ends else {})

    def redeemed(self, form: dict[str, str], client: list[str]) -> Response:
        query = self.asked.pop(form["code"], None) if self.forgets else self.asked.get(form["code"])
        if client != [CLIENT, SECRET]:
            return JSONResponse({"error": "invalid_client", "error_description": f"not {client}"}, 401)
        if query is None or create_s256_code_challenge(form["code_verifier"]) != query["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        assert form["redirect_uri"] == query["redirect_uri"]
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": query["nonce"]}
        token = self.token(claims | self.who | self.lies)
        return JSONResponse({"access_token": token_urlsafe(8), "token_type": "Bearer", "id_token": token})

    def token(self, claims: dict[str, Any]) -> str:
        if self.alg == "none":
            return f"{_part({'alg': 'none'})}.{_part(claims)}."
        if self.alg == "HS256":  # signed with what everybody knows
            return jwt.encode({"alg": self.alg}, claims, OctKey.import_key(SECRET.ljust(32)))
        return jwt.encode({"alg": self.alg, "kid": "1"}, claims, self.signed_by)


def _part(said: object) -> str:
    return urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


@contextmanager
def serving() -> Iterator[Provider]:
    """It answers for as long as the block lasts."""
    listening = socket.create_server(("127.0.0.1", 0))
    made = Provider(f"http://127.0.0.1:{listening.getsockname()[1]}")
    app = FastAPI()

    @app.get("/.well-known/openid-configuration")
    def discovered() -> dict[str, object]:
        return made.discovered()

    @app.get("/keys")
    def keys() -> dict[str, object]:
        return {"keys": [made.key.as_dict(private=False)]}

    @app.post("/token")
    def token(
        request: Request, code: Annotated[str, Form()], code_verifier: Annotated[str, Form()],
        redirect_uri: Annotated[str, Form()], client_id: Annotated[str, Form()] = "",
        client_secret: Annotated[str, Form()] = "",
    ) -> Response:  # fmt: skip
        basic = request.headers.get("authorization", "").removeprefix("Basic ")
        client = (
            [unquote(part) for part in b64decode(basic).decode().split(":")] if basic else [client_id, client_secret]
        )
        return made.redeemed({"code": code, "code_verifier": code_verifier, "redirect_uri": redirect_uri}, client)

    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield made
    finally:
        server.should_exit = True
        thread.join()
