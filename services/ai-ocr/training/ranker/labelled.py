"""Documents with known answers: those of the labelled sets, and the groups that keep a vendor out of its own test."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from automateiq_core.errors import AppError
from automateiq_ocr.recognition.engine import open_document, recognize_page
from automateiq_ocr.recognition.models import Line, Options, Page, Word

# Sets whose licence allows training (docs: docai/README): CC-BY-4.0, CC0, MIT, Apache-2.0, MIT labels of public files.
TRAINABLE = ("sroie", "my_receipts", "misc_invoices", "invoice2data", "zugferd", "ad_invoices", "scan_sim")
AMOUNTS = frozenset({"total", "tax", "subtotal", "amount_due"})
DATES = frozenset({"date", "due_date", "period_start", "period_end"})


@dataclass(frozen=True)
class Labelled:
    """A document as it was read, with what a person says it says. `group` is shared by documents of one vendor."""

    set: str
    file: str
    sha256: str
    group: str
    pages: tuple[Page, ...]
    labels: dict[str, Any]
    accept: dict[str, list[str]] = field(default_factory=dict)
    kind: str = ""
    weight: float = 1.0

    def right(self, name: str, value: str) -> bool | None:
        """Whether a value of a field is right; None where the labels do not say."""
        if name not in self.labels:
            return None
        wanted = [self.labels[name], *self.accept.get(name, [])]
        return normal(name, value) in {normal(name, one) for one in wanted}


def normal(name: str, value: str) -> str:
    """A value in the form in which it is compared: amounts with two decimals, texts without case and marks."""
    if name in AMOUNTS:
        return f"{float(value):.2f}"
    return str(value) if name in DATES else squeeze(value)


def squeeze(text: str) -> str:
    """Letters and digits alone, without case and accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", str(text)) if not unicodedata.combining(c))
    return re.sub(r"[\W_]", "", plain).casefold()


def load(data: Path, pages: Path, sets: Sequence[str] = TRAINABLE) -> list[Labelled]:
    """The dev halves of the sets; pages come from the folder of read pages, or are read and put there."""
    documents = []
    for name in sets:
        folder = data / name / "dev"
        for line in (folder / "labels.jsonl").read_text().splitlines():
            entry = json.loads(line)
            path = folder / entry["file"]
            read = pages_of(path, pages / name / f"{entry['file']}.json")
            if not read:
                continue
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            documents.append(
                Labelled(
                    name,
                    entry["file"],
                    sha256,
                    "",
                    read,
                    entry["fields"],
                    entry.get("accept", {}),
                    entry["kind"],
                )
            )
    return grouped(documents)


def pages_of(path: Path, kept: Path) -> tuple[Page, ...]:
    """A file's pages as the service reads them, kept as JSON; none where the file is refused."""
    if not kept.exists():
        content, options = path.read_bytes(), Options()
        try:
            info = open_document(content, None, options)
            read = [recognize_page(content, info.mimetype, n, options) for n in range(1, info.page_count + 1)]
        except AppError as refused:
            print(f"{path}: {refused.message}", file=sys.stderr)
            return ()
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([asdict(page) for page in read]))
    return tuple(page_from(raw) for raw in json.loads(kept.read_text()))


def page_from(raw: dict[str, Any]) -> Page:
    """A page from its JSON form."""
    lines = tuple(Line(tuple(Word(**word) for word in line["words"]), line["block"]) for line in raw["lines"])
    return Page(**{**raw, "lines": lines})


def grouped(documents: Iterable[Labelled]) -> list[Labelled]:
    """With groups: documents of one vendor, or made from the same file, are in one group.

    Vendors count as the same where their names are alike or begin alike, so that two branches of a chain never part.
    """
    many = list(documents)
    roots = list(range(len(many)))

    def root(index: int) -> int:
        while roots[index] != index:
            index = roots[index]
        return index

    names = [vendor_of(document) for document in many]
    stems = [stem_of(document) for document in many]
    for i in range(len(many)):
        for j in range(i):
            if root(i) != root(j) and (stems[i] == stems[j] or _same_vendor(names[i], names[j])):
                roots[root(i)] = root(j)
    return [
        Labelled(**{**vars(document), "group": stems[root(index)]}) for index, document in enumerate(many)
    ]


def vendor_of(document: Labelled) -> str:
    """The vendor's squeezed name; where no label has it, the first words on its page."""
    if "vendor" in document.labels:
        return squeeze(document.labels["vendor"])
    lines = (squeeze(re.sub(r"\d", "", line.text)) for line in document.pages[0].lines)
    return next((line for line in lines if len(line) > 5), document.file)


def stem_of(document: Labelled) -> str:
    """The set and the name of the file that a document was made from, without its ending."""
    if document.set == "scan_sim":
        source, rest = document.file.split("__", 1)
        return f"{source}/{rest.rpartition('__')[0]}"
    return f"{document.set}/{Path(document.file).stem}"


def _same_vendor(one: str, other: str) -> bool:
    if one[:7] == other[:7]:
        return True
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() > 0.8 and matcher.quick_ratio() > 0.8 and matcher.ratio() > 0.8
