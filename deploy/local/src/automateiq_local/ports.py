"""Free ports for the processes of the fleet."""

import contextlib
import random
import socket

# Below Linux's range for outgoing connections (32768 and up). A port that the kernel hands out for "bind to
# 0" can be taken by any outgoing connection between two runs of a server, and a restarted server must get it
# back.
FIRST_PORT, LAST_PORT = 15_000, 32_000
HOST = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """`count` different ports of the loopback address that nothing listens on now."""
    with contextlib.ExitStack() as held:
        ports: list[int] = []
        for port in random.sample(range(FIRST_PORT, LAST_PORT), LAST_PORT - FIRST_PORT):
            if len(ports) == count:
                break
            listener = held.enter_context(socket.socket())
            try:
                listener.bind((HOST, port))
            except OSError:
                continue
            ports.append(port)
    if len(ports) < count:
        raise OSError(f"only {len(ports)} of {count} ports between {FIRST_PORT} and {LAST_PORT} are free")
    return ports


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address."""
    with socket.socket() as listener:
        # As servers do: connections of an earlier server that linger in TIME_WAIT do not make a port taken.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether something accepts connections on this port of the loopback address."""
    try:
        socket.create_connection((HOST, port), timeout=0.5).close()
    except OSError:
        return False
    return True
