"""What the daemon tells systemd: ready, alive, stopping. The protocol is sd_notify(3): a datagram on a socket."""

import os
import socket


def notify(*lines: str) -> None:
    """Send `READY=1`, `WATCHDOG=1`, `STATUS=…`; does nothing where there is no systemd to hear it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(address)
        channel.sendall("\n".join(lines).encode())
