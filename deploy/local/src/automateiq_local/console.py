"""What a person sees of the fleet: a live table on a terminal, plain lines elsewhere."""

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from automateiq_local.process import Process, State, resident_mb, tail

_COLOURS = {
    State.HEALTHY: "green",
    State.STARTING: "cyan",
    State.STOPPED: "dim",
    State.UNHEALTHY: "yellow",
    State.CRASHED: "red",
    State.FAILED: "bold red",
}


class Reporter:
    """Tells of changes: every step while the fleet starts, only what went wrong from then on."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.starting = True
        self.stopping = False

    def on_change(self, process: Process, message: str) -> None:
        """For `Fleet(on_change=...)`."""
        if self.stopping:
            return
        if message:
            colour = "green" if process.state is State.HEALTHY else "yellow"
            self.console.print(f"[{colour}]{escape(message)}[/]")
            if process.state in (State.CRASHED, State.FAILED):
                self.console.print(f"[dim]{escape(tail(process.log, 10))}[/]", highlight=False)
        elif self.starting and process.state is State.HEALTHY and not self.console.is_terminal:
            self.console.print(f"{process.name}: healthy after {process.seconds_to_ready or 0:.1f} s")


class LiveTable:
    """The table of the processes, drawn anew while the fleet starts; nothing where there is no terminal."""

    def __init__(self, console: Console, processes: Sequence[Process]) -> None:
        self._processes = processes
        self._live = Live(
            get_renderable=lambda: table(rows_of(self._processes)), console=console, refresh_per_second=8
        )
        self._shown = console.is_terminal

    def __enter__(self) -> Self:
        if self._shown:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._live.stop()


def rows_of(processes: Sequence[Process]) -> list[dict[str, Any]]:
    """The rows of `table` for processes of this program; `status` reads its rows from the state file."""
    return [process.as_row() for process in processes]


def table(rows: Sequence[dict[str, Any]]) -> Table:
    """One line a process."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("process")
    drawn.add_column("port", justify="right")
    drawn.add_column("state", min_width=9)
    drawn.add_column("ready after", justify="right")
    drawn.add_column("memory", justify="right")
    drawn.add_column("restarts", justify="right")
    for row in rows:
        colour = _COLOURS[State(row["state"])]
        ready, memory = row["secondsToReady"], resident_mb(row["pid"])
        drawn.add_row(
            row["name"],
            str(row["port"] or ""),
            f"[{colour}]{row['state']}[/]",
            f"{ready:.1f} s" if ready is not None else "",
            f"{memory:.0f} MB" if memory else "",
            str(row["restarts"] or ""),
        )
    return drawn


class LogStream:
    """Prints what comes into the log files of a folder, each line behind its process's name."""

    def __init__(self, console: Console, folder: Path) -> None:
        self._console = console
        self._folder = folder
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="logs", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _follow(self) -> None:
        read: dict[Path, int] = {path: path.stat().st_size for path in self._folder.glob("*.log")}
        while not self._done.wait(0.2):
            for path in sorted(self._folder.glob("*.log")):
                read[path] = self._print_from(path, read.get(path, 0))

    def _print_from(self, path: Path, position: int) -> int:
        if path.stat().st_size < position:  # emptied at a start
            position = 0
        with path.open("rb") as file:
            file.seek(position)
            lines, _, _ = file.read().rpartition(b"\n")
        if not lines:
            return position
        for line in lines.decode(errors="replace").splitlines():
            self._console.print(f"[cyan]{path.stem:>18}[/] {escape(line)}", highlight=False, soft_wrap=True)
        return position + len(lines) + 1
