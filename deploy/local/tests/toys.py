"""Small stand-ins for the fleet's processes. Run as a program: `toys.py MODE [FILE]`."""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def serve(record: Path | None, slow_s: float = 0.0) -> None:
    """Healthy on its metrics port and on its own; writes its service's name into `record` when it ends."""

    def end(*_: object) -> None:
        time.sleep(slow_s)
        if record:
            with record.open("a") as file:
                file.write(Path.cwd().name + "\n")
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    listen = os.environ.get("AUTOMATEIQ_LISTEN") or os.environ["AUTOMATEIQ_METRICS_LISTEN"]
    host, _, port = listen.partition(":")
    HTTPServer((host, int(port)), _Health).serve_forever()


def main() -> None:
    mode, *rest = sys.argv[1:]
    record = Path(rest[0]) if rest else None
    match mode:
        case "serve":
            serve(record)
        case "slow-stop":
            serve(record, 0.5)
        case "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("deaf", flush=True)
            time.sleep(600)
        case "mute":
            print("I started and will never serve", flush=True)
            time.sleep(600)
        case "broken":
            print("no such setting: COFFEE", flush=True)
            sys.exit(3)
        case "with-child":
            import subprocess

            child = subprocess.Popen(["sleep", "600"])
            assert record is not None
            record.write_text(str(child.pid))
            serve(None)
        case "litter":
            Path(os.environ["TMPDIR"], "left-over").write_text("x")
            Path("beat-schedule").write_text("x")
            serve(record)
        case "migrate":
            assert record is not None
            with record.open("a") as file:
                file.write(os.environ["AUTOMATEIQ_INTERNAL_PRIVATE_KEY_FILE"] + "\n")


if __name__ == "__main__":
    main()
