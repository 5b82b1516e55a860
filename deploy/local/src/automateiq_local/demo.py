"""The main job on the project's samples, through the gateway: upload, read, pay, show."""

import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

SAMPLES = Path(__file__).resolve().parents[4] / "samples"
_FIELDS = ("vendor", "invoiceNumber", "date", "dueDate", "currency", "subtotal", "tax", "total")
_SHOWN = ("vendor", "invoiceNumber", "date", "currency", "total")
_DEADLINE_S = 180.0


@dataclass(frozen=True)
class Outcome:
    """What became of one sample."""

    expected: dict[str, Any]
    document: dict[str, Any]

    @property
    def found(self) -> dict[str, str]:
        """The values that were read, by field."""
        data = (self.document.get("ocrResult") or {}).get("extractedData") or {}
        return {name: data[name]["value"] for name in _FIELDS if data.get(name)}

    @property
    def wrong(self) -> list[str]:
        """What did not come out as it stands on the page."""
        if self.document["status"] != "processed":
            return [self.document["failure"]["reason"]]
        wanted = {name: value for name, value in self.expected["fields"].items() if name in _FIELDS}
        faults = [] if self.document["type"] == self.expected["kind"] else ["type"]
        return faults + [name for name, value in wanted.items() if not _same(self.found.get(name, ""), value)]

    @property
    def lines(self) -> str:
        """How many line items have an amount that stands on the page, of how many there are."""
        wanted = [line["amount"] for line in self.expected["fields"].get("lineItems", [])]
        data = (self.document.get("ocrResult") or {}).get("extractedData") or {}
        got = [line["amount"]["value"] for line in data.get("lineItems", []) if line.get("amount")]
        right = (Counter(wanted) & Counter(got)).total()
        return f"{right}/{len(wanted)}" if wanted else "–"

    @property
    def credits(self) -> int:
        """What it cost."""
        return int(self.document["processing"]["creditsCharged"])


def run(base_url: str, samples: Path = SAMPLES, console: Console | None = None) -> bool:
    """Uploads and processes every sample through the gateway at `base_url`; whether all came out right."""
    console = console or Console()
    expected = json.loads((samples / "expected.json").read_text())
    with httpx.Client(base_url=base_url, timeout=60) as client:
        _register(client)
        before = _credits(client)
        outcomes = list(_read_all(client, samples, expected, console))
        spent = before - _credits(client)
    console.print(_table(outcomes))
    right = [outcome for outcome in outcomes if not outcome.wrong]
    charged = sum(outcome.credits for outcome in outcomes)
    console.print(f"{len(right)} of {len(outcomes)} came out right. Charged {charged} credits of {before}.")
    console.print(f"The API describes itself at {base_url}/docs", highlight=False)
    return len(right) == len(outcomes) and spent == charged


def _register(client: httpx.Client) -> None:
    reply = client.post(
        "/api/auth/register",
        headers={"X-Auth-Mode": "bearer"},
        json={
            "email": f"demo-{secrets.token_hex(4)}@example.com",
            "password": secrets.token_urlsafe(16),
            "firstName": "Demo",
            "lastName": "Owner",
            "organizationName": "Demo Bakery",
        },
    )
    reply.raise_for_status()
    client.headers["Authorization"] = f"Bearer {reply.json()['tokens']['accessToken']}"


def _credits(client: httpx.Client) -> int:
    reply = client.get("/api/billing/credits")
    reply.raise_for_status()
    return int(reply.json()["available"])


def _read_all(
    client: httpx.Client, samples: Path, expected: list[dict[str, Any]], console: Console
) -> Iterator[Outcome]:
    with Progress(
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} pages"),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        bars: dict[str, Any] = {}
        for sample in expected:
            document = _upload(client, samples / "documents" / sample["file"])
            bars[document["id"]] = (sample, progress.add_task(sample["file"], total=document["pageCount"]))
        deadline = time.monotonic() + _DEADLINE_S
        for document_id, (sample, bar) in bars.items():
            while True:
                document = client.get(f"/api/documents/{document_id}").raise_for_status().json()
                progress.update(bar, completed=document["processing"]["pagesDone"])
                # Processed and, a moment later, paid for.
                if document["processing"]["creditsCharged"] or document["status"] == "failed":
                    break
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{sample['file']} was not read within {_DEADLINE_S:.0f} s")
                time.sleep(0.1)
            yield Outcome(sample, document)


def _upload(client: httpx.Client, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        reply = client.post("/api/documents/upload", files={"file": (path.name, file)})
    document: dict[str, Any] = reply.raise_for_status().json()
    client.post("/api/documents/process", json={"documentId": document["id"]}).raise_for_status()
    return document


def _same(found: str, wanted: str) -> bool:
    def plain(text: str) -> str:
        return re.sub(r"\W", "", text).casefold()

    return plain(found) == plain(wanted)


def _table(outcomes: list[Outcome]) -> Table:
    table = Table(title="What was read from the samples")
    for heading in (
        "file",
        "type",
        "vendor",
        "number",
        "date",
        "currency",
        "total",
        "lines",
        "credits",
        "right",
    ):
        table.add_column(heading, justify="right" if heading in {"total", "credits", "lines"} else "left")
    for outcome in outcomes:
        table.add_row(
            outcome.expected["file"],
            outcome.document["type"] or "–",
            *(outcome.found.get(name, "–") for name in _SHOWN),
            outcome.lines,
            str(outcome.credits),
            "[green]yes[/]" if not outcome.wrong else f"[red]no: {', '.join(outcome.wrong)}[/]",
        )
    return table
