"""What a web server's answer means for a delivery, https://www.rfc-editor.org/rfc/rfc9110#section-15."""

from typing import Final

from syncd.delivery import Sent

THROTTLED_WAIT_S: Final = 60.0
UNAVAILABLE_WAIT_S: Final = 15.0


def by_status(status: int, target: str, wait_s: float = 0.0) -> Sent:
    """Of an answer that is not well; `wait_s` is how long the server asks to be left alone, 0 where it does not say."""
    params = {"target": target, "status": str(status)}
    if status == 429:
        return Sent("throttled", "alert_status", params, wait_s or THROTTLED_WAIT_S)
    if status >= 500 or status == 408:
        return Sent("throttled", "alert_status", params, wait_s or UNAVAILABLE_WAIT_S)
    return Sent("refused", "alert_status", params)
