"""`python -m automateiq_local run | demo | status | stop`."""

import argparse
import os
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from rich.console import Console

from automateiq_local import demo
from automateiq_local.binaries import BinaryNotFoundError, find_tesseract
from automateiq_local.console import LiveTable, LogStream, Reporter, rows_of, table
from automateiq_local.datadir import DataDir, DataDirInUseError
from automateiq_local.fleet import Fleet, StartCancelledError
from automateiq_local.process import StartError

STOP_WAIT_S = 120.0


class _Signals:
    """Remembers SIGINT and SIGTERM. The rest of the program asks, so that no stop is torn in the middle."""

    def __init__(self) -> None:
        self.asked_to_stop = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._remember)

    def _remember(self, _number: int, _frame: FrameType | None) -> None:
        self.asked_to_stop = True

    def wait(self) -> None:
        while not self.asked_to_stop:
            time.sleep(0.2)


def main() -> int:
    """Run the command; the exit status."""
    arguments = _parser().parse_args()
    console = Console()
    match arguments.command:
        case "status":
            return _status(arguments.data_dir, console)
        case "stop":
            return _stop(arguments.data_dir, console)
        case _:
            return _run(arguments, console)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    signals = _Signals()
    reporter = Reporter(console)
    began = time.monotonic()
    fleet = Fleet(
        arguments.data_dir,
        gateway_port=arguments.port,
        on_change=reporter.on_change,
        cancelled=lambda: signals.asked_to_stop,
    )
    with ExitStack() as shown:
        if arguments.logs:
            shown.enter_context(LogStream(console, fleet.data_dir.logs))
        try:
            find_tesseract()  # ai-ocr would say so too, but only after half a minute of tries and a traceback
            with LiveTable(console, fleet.processes):
                fleet.start()
        except (BinaryNotFoundError, DataDirInUseError, StartError) as error:
            console.print("[bold red]The fleet did not start.[/]")
            console.print(str(error), markup=False, highlight=False, soft_wrap=True)
            return 1
        except StartCancelledError:
            console.print("Stopped.")
            return 0
        reporter.starting = False
        try:
            return _while_up(arguments, fleet, signals, console, time.monotonic() - began)
        finally:
            reporter.stopping = True
            console.print("Stopping …")
            fleet.stop()
            console.print("Stopped; the data stays in " + str(fleet.data_dir.root), highlight=False)


def _while_up(
    arguments: argparse.Namespace, fleet: Fleet, signals: _Signals, console: Console, seconds: float
) -> int:
    if not console.is_terminal:
        console.print(table(rows_of(fleet.processes)))
    console.print(f"[bold green]All healthy after {seconds:.1f} s.[/]", highlight=False)
    console.print(f"  API   {fleet.gateway_url}", highlight=False)
    console.print(f"  docs  {fleet.gateway_url}/docs", highlight=False)
    console.print(f"  logs  {fleet.data_dir.logs}", highlight=False)
    status = 0
    if arguments.command == "demo":
        status = 0 if demo.run(fleet.gateway_url) else 1
        if os.environ.get("CI") == "true":
            return status
    console.print("Ctrl-C stops it.")
    signals.wait()
    return status


def _status(data_dir: Path, console: Console) -> int:
    folder = DataDir(data_dir)
    owner = folder.owner()
    if owner is None:
        console.print("No fleet runs on " + str(folder.root), highlight=False)
        return 1
    state = folder.read_state()
    console.print(table(state.get("processes", [])))
    console.print(f"pid {owner}, gateway {state.get('gatewayUrl', '')}", highlight=False)
    return 0


def _stop(data_dir: Path, console: Console) -> int:
    folder = DataDir(data_dir)
    owner = folder.owner()
    if owner is None:
        console.print("No fleet runs on " + str(folder.root), highlight=False)
        return 0
    os.kill(owner, signal.SIGTERM)
    until = time.monotonic() + STOP_WAIT_S
    while folder.owner() == owner:
        if time.monotonic() > until:
            console.print(f"The fleet (pid {owner}) did not stop within {STOP_WAIT_S:.0f} s.")
            return 1
        time.sleep(0.1)
    console.print("Stopped.")
    return 0


def _repository() -> Path:
    root = Path(__file__).parents[4]
    return root if (root / "uv.lock").is_file() else Path()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="automateiq_local", description="The fleet on this machine.")
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(os.environ.get("AUTOMATEIQ_LOCAL_DIR") or _repository() / ".local"),
        help="where the data, keys and logs are (AUTOMATEIQ_LOCAL_DIR; default: .local in the repository)",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("run", "start the fleet; Ctrl-C stops it"),
        ("demo", "start the fleet and take the samples through it"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("--logs", action="store_true", help="print every process's log")
        command.add_argument(
            "--port",
            type=int,
            default=int(os.environ.get("AUTOMATEIQ_GATEWAY_PORT") or "5000"),
            help="the gateway's port (AUTOMATEIQ_GATEWAY_PORT; default: 5000; 0 takes a free one)",
        )
    commands.add_parser("status", help="show the processes of the running fleet")
    commands.add_parser("stop", help="stop the running fleet")
    return parser


if __name__ == "__main__":
    sys.exit(main())
