"""Notifications by apprise, https://github.com/caronc/apprise: mail, DingTalk, WeCom, Feishu, webhooks.

The library says whether a message went, and why not in its log alone, where addresses stand too. The log is read here,
and of it the status and the kind of failure come out. What a group's robot answers it does not tell: see `answers`.
"""

import logging
import re
import threading
from collections.abc import Mapping
from typing import Final

import apprise

from connectors.notify.answers import dropped, listening
from connectors.notify.status import by_status
from syncd.delivery import DONE, Asked, Delivery, Sent

_STATUS: Final = re.compile(r"\berror=(\d{3})\b")
_UNSENT: Final = (
    *("NewConnectionError", "ConnectTimeout", "NameResolutionError", "Connection refused", "getaddrinfo"),
    *("Name or service not known", "Network is unreachable", "No route to host", "SSLError", "CERTIFICATE_VERIFY"),
)
"""What is said of a connection that there never was."""
_LOGIN: Final = re.compile(r"\b(?:530|534|535)\b|Authentication")
"""How a mail server refuses whoever logs in, https://www.rfc-editor.org/rfc/rfc4954#section-6."""
_TYPES: Final[Mapping[str, apprise.NotifyType]] = {
    "info": apprise.NotifyType.INFO,
    "success": apprise.NotifyType.SUCCESS,
    "warning": apprise.NotifyType.WARNING,
    "failure": apprise.NotifyType.FAILURE,
}
_ROBOTS: Final = listening()
_ONE_AT_A_TIME: Final = threading.Lock()
"""The library has one log."""
logging.getLogger("apprise").propagate = False
logging.getLogger("apprise").addHandler(logging.NullHandler())


class Notifications:
    """A `ports.Relay` of alerts: to targets, name → address."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        self._targets = targets

    def send(self, delivery: Delivery) -> Sent:
        address = self._targets.get(delivery.target)
        if address is None:
            return Sent("refused", "delivery_no_target", {"kind": delivery.kind, "target": delivery.target})
        body = delivery.body
        with _ONE_AT_A_TIME, apprise.LogCapture(level=logging.DEBUG, fmt="%(message)s") as captured:  # type: ignore[no-untyped-call]
            notifier = apprise.Apprise()
            if not notifier.add(address):
                return Sent("refused", "alert_address", {"target": delivery.target})
            for robot in _ROBOTS:
                robot.heard.clear()
            went = notifier.notify(title=body["title"], body=body["text"], notify_type=_TYPES[body["level"]])
            said, answers = captured.getvalue(), [answer for robot in _ROBOTS for answer in robot.heard]
        for answer in answers:
            if (sent := dropped(answer, delivery.target, address)) is not None:
                return sent
        return DONE if went else failed(said, delivery.target)

    def ask(self, delivery: Delivery) -> Asked:
        return "unasked"

    def close(self) -> None:
        pass


def failed(said: str, target: str) -> Sent:
    """What a failure was, by the library's log: messages stand in it too, and say what they like."""
    said = "\n".join(line for line in said.splitlines() if line.startswith(("Failed to send", "Socket Exception")))
    status = _STATUS.findall(said)
    if status:
        return by_status(int(status[-1]), target)
    if any(word in said for word in _UNSENT):
        return Sent("lost", "alert_unreachable", {"target": target})
    if _LOGIN.search(said):
        return Sent("refused", "alert_login", {"target": target})
    return Sent("unknown", "alert_unanswered", {"target": target})
