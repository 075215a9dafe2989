"""Why a client of Kafka's could not begin is told to a log that all clients of the process share."""

import logging
import threading

import pytest
from kafka import errors

from connectors.kafka import server
from syncd.errors import Halt


@pytest.mark.parametrize("own", [True, False])
def test_what_another_client_is_told_is_no_reason(own: bool) -> None:
    """One whose brokers are away for a while is not halted because those of another refuse that."""
    with pytest.raises(Halt if own else errors.KafkaTimeoutError):
        _wait("mine", told="mine" if own else "its")


def _wait(client: str, told: str) -> None:
    """In vain, while a client is told that its password is wrong."""
    refusal = errors.SaslAuthenticationFailedError("wrong password")
    log = logging.getLogger("kafka.net.manager")
    with server._hearing({"client_id": client}):
        loop = threading.Thread(target=log.error, args=("Connection failed: %s", refusal), name=f"kafka-io-{told}")
        loop.start()
        loop.join()
        raise errors.KafkaTimeoutError
