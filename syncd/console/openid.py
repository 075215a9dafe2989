"""OpenID Connect: how somebody is sent to a provider, and what it tells of them once they are back.

Authorization code with PKCE. A browser holds one secret on the way, and what goes over its address bar is made of that:
whoever sees a state, a nonce or a challenge can make none of the others, and no other browser can end what this began.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import compare_digest
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from syncd.config import OpenIdConfig
from syncd.desk.access.identities import Known
from syncd.errors import Halt, Transient

BACK: Final = "/sign-in/back"
"""Where the provider sends people back to."""
WAY_MAX: Final = timedelta(minutes=10)
"""How long somebody may take at the provider, and how old what it says of them may be."""
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""Signatures of a key that the provider alone holds: neither none, nor one that is made with the client's secret."""
_SKEW_S: Final = 60
_TIMEOUT_S: Final = 5
_NAME_CHARS_MAX: Final = 100


def nonce(secret: str) -> str:
    """What the provider's word has to carry that is asked with this secret."""
    return _made("nonce", secret)


def leave(said: OpenIdConfig, secret: str) -> str:
    """The address at the provider to which a browser goes that holds this secret. Raises Transient where it is down."""
    with _session(said) as session:
        asked = {"state": _made("state", secret), "nonce": nonce(secret), "code_verifier": _made("verifier", secret)}
        address, _ = session.create_authorization_url(_discovered(said, session)["authorization_endpoint"], **asked)
    return str(address)


def come_back(said: OpenIdConfig, secret: str, query: Mapping[str, str], now: datetime) -> Known:
    """Who comes back with this query and holds this secret. Raises Halt where it is not what was asked for, or the
    provider's word does not hold, and Transient where it is down."""
    if not secret or not compare_digest(query.get("state", "").encode(), _made("state", secret).encode()):
        raise Halt("openid_state")
    if query.get("iss", said.issuer) != said.issuer:
        raise Halt("openid_false", what="iss")
    if not query.get("code"):
        raise Halt("openid_refused", error=_word(query.get("error", "")))
    with _session(said) as session:
        provider = _discovered(said, session)
        token = _redeemed(provider, session, query["code"], _made("verifier", secret))
        keys = _fetched(said, session, str(provider["jwks_uri"]))
    return _told(said, _claims(said, token, keys, nonce(secret), now))


def sign_out(said: OpenIdConfig) -> str:
    """The address at the provider that ends its own session of a browser and sends it back; empty where it announces
    none. Raises Transient where it is down. OpenID Connect RP-Initiated Logout 1.0"""
    with _session(said) as session:
        address = str(_discovered(said, session).get("end_session_endpoint", ""))
    if urlsplit(address).scheme != urlsplit(said.issuer).scheme:
        return ""
    back = {"client_id": said.client_id, "post_logout_redirect_uri": said.address.rstrip("/") + "/sign-in"}
    return address + ("&" if "?" in address else "?") + urlencode(back)


def _made(what: str, secret: str) -> str:
    return sha256(f"{what} {secret}".encode()).hexdigest()


def _session(said: OpenIdConfig) -> Any:
    return OAuth2Session(
        said.client_id, said.client_secret, scope=" ".join(said.scopes), code_challenge_method="S256",
        redirect_uri=said.address.rstrip("/") + BACK, default_timeout=_TIMEOUT_S,
    )  # fmt: skip


def _fetched(said: OpenIdConfig, session: Any, address: str) -> Mapping[str, Any]:
    try:
        answer = session.get(address, withhold_token=True)
        answer.raise_for_status()
        found = answer.json()
    except RequestException as error:
        raise Transient("openid_down", issuer=said.issuer, error=type(error).__name__) from None
    if not isinstance(found, dict):
        raise Transient("openid_down", issuer=said.issuer, error="JSON")
    return found


def _discovered(said: OpenIdConfig, session: Any) -> Mapping[str, Any]:
    """What the provider says of itself, asked anew at each sign-in, so that a change there needs nobody here."""
    found = _fetched(said, session, said.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if found.get("issuer") != said.issuer:
        raise Halt("openid_issuer", issuer=said.issuer, other=str(found.get("issuer", "–")))
    if not all(isinstance(found.get(n), str) for n in ("authorization_endpoint", "token_endpoint", "jwks_uri")):
        raise Transient("openid_down", issuer=said.issuer, error="openid-configuration")
    if said.client_secret and "client_secret_basic" not in found.get(
        "token_endpoint_auth_methods_supported", ("client_secret_basic",)
    ):
        session.token_endpoint_auth_method = "client_secret_post"
    return found


def _redeemed(provider: Mapping[str, Any], session: Any, code: str, verifier: str) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = session.fetch_token(
            provider["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
        )
    except OAuthError as error:
        raise Halt("openid_refused", error=_word(str(error.error))) from None
    except (RequestException, ValueError) as error:
        raise Transient("openid_down", issuer=provider["issuer"], error=type(error).__name__) from None
    return told


def _claims(
    said: OpenIdConfig, token: Mapping[str, Any], keys: Mapping[str, Any], nonce: str, now: datetime
) -> Mapping[str, Any]:
    """What an ID token says, once its signature, issuer, audience, time and nonce hold."""
    at = int(now.timestamp())
    try:
        read = jwt.decode(str(token.get("id_token", "")), KeySet.import_key_set(keys), algorithms=_ALGORITHMS)  # type: ignore[arg-type]
        wanted = {"iss": said.issuer, "aud": said.client_id, "sub": None}
        only: Any = {name: {"essential": True, "value": value} for name, value in wanted.items()}
        asked = {"nonce": nonce, "client_id": said.client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(read.claims, read.header, only, asked)
        claims.validate(at, _SKEW_S)
    except JoseError as error:
        raise Halt("openid_false", what=_word(getattr(error, "claim", "") or error.error)) from None
    except (ValueError, KeyError, TypeError) as error:
        raise Halt("openid_false", what=type(error).__name__) from None
    if claims["iat"] < at - WAY_MAX.total_seconds() - _SKEW_S:
        raise Halt("openid_false", what="iat")
    found: Mapping[str, Any] = claims
    return found


def _told(said: OpenIdConfig, claims: Mapping[str, Any]) -> Known:
    groups = _claim(claims, said.groups)
    held = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    roles = sorted({role for group, given in said.roles.items() if group in held for role in given})
    name = _claim(claims, said.name)
    is_name = isinstance(name, str) and name.isprintable() and len(name) <= _NAME_CHARS_MAX
    return Known(said.issuer, str(claims["sub"]), str(name) if is_name else "", tuple(roles))


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by that of one within another."""
    found: Any = claims
    for part in (name,) if name in claims else name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _word(text: str) -> str:
    """A provider's word for what went wrong, as far as it is one."""
    kept = "".join(c for c in text if c.isascii() and (c.isalnum() or c in "_-"))[:60]
    return kept or "–"
