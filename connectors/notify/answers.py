"""What a chat group's robot answers: DingTalk, WeCom and Feishu say 200 of a message that they drop, too, and why in
the answer's body. The library looks no further than the status of some of them; so answers are read where they pass.

    {"errcode": 310000, "errmsg": "keywords not in content"}      DingTalk, WeCom
    {"code": 19024, "msg": "Key Words Not Found"}                 Feishu
"""

import json
import re
from importlib import import_module
from typing import Any, Final

from connectors.notify.status import THROTTLED_WAIT_S
from syncd.delivery import Sent

LIBRARY: Final = tuple(f"apprise.plugins.{name}" for name in ("dingtalk", "wecombot", "feishu"))
"""Where the library asks those robots."""
ANSWER_BYTES_MAX: Final = 65_536
SAID_CHARS_MAX: Final = 120
TOO_OFTEN: Final = frozenset((-1, 11232, 45009, 45033, 90030, 130101, 410100))
"""What a robot says that is busy, or is asked too often; anything else it would say again."""
_SECRET_CHARS_MIN: Final = 6


class Listening:
    """Stands for `requests` in a module of the library, and keeps what is answered. One message is sent at a time."""

    def __init__(self, requests: Any) -> None:
        self._requests = requests
        self.heard: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._requests, name)

    def post(self, *given: Any, **named: Any) -> Any:
        """As that of `requests`."""
        answer = self._requests.post(*given, **named)
        self.heard.append(answer.content[:ANSWER_BYTES_MAX])
        return answer


def listening() -> list[Listening]:
    """What listens to the library's robots from now on."""
    found = []
    for name in LIBRARY:
        module = import_module(name)
        if not isinstance(module.requests, Listening):
            module.requests = Listening(module.requests)  # type: ignore[attr-defined]
        found.append(module.requests)
    return found


def dropped(answer: bytes, target: str, address: str) -> Sent | None:
    """What a robot's answer says of a message that it has not taken; None where it says nothing of the kind."""
    try:
        body = json.loads(answer)
    except ValueError:
        return None
    code = body.get("errcode", body.get("code")) if isinstance(body, dict) else None
    if not isinstance(code, int) or code == 0:
        return None
    params = {"target": target, "error": str(code), "said": _harmless(body.get("errmsg", body.get("msg")), address)}
    if code in TOO_OFTEN:
        return Sent("throttled", "alert_dropped", params, THROTTLED_WAIT_S)
    return Sent("refused", "alert_dropped", params)


def _harmless(said: object, address: str) -> str:
    """What is said, unless a part of the address is repeated in it, which is a secret as a whole."""
    text = str(said or "")
    parts = [part for part in re.split(r"\W+", address) if len(part) >= _SECRET_CHARS_MIN]
    return "" if any(part.lower() in text.lower() for part in parts) else " ".join(text.split())[:SAID_CHARS_MAX]
