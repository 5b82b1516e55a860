"""How well documents are read: every labelled set, beside the plain engines and invoice2data, in one run.

    make bench-documents
    AUTOMATEIQ_BENCH_DATA=DIR make bench-documents      another folder of the same form (DIR/docai or DIR itself)
    .venv/bin/python benchmarks/documents sroie:20 --errors 40      a part of it, with what is wrong
    .venv/bin/python benchmarks/documents sroie --misses            the same as pictures, in benchmarks/.work

Documents that a model was trained on are measured with the model of the fold that never saw their vendor; see
services/ai-ocr/training. Pages are kept in benchmarks/.work; the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_THREAD_LIMIT", "1")

import dataset
import misses
import naive
import ours
import robustness
import speed
import templates
from automateiq_ocr.recognition.models import Options
from dataset import Labelled
from scoring import Answer, Counts, Score, auto_accepted, score

UNSEEN = ("my_receipts", "misc_invoices", "invoice2data")
SETS = ("sroie", *UNSEEN, "zugferd", "ad_invoices", "scan_sim", "contracts_nda", "ocr_pages")
BILLS = ("sroie", *UNSEEN, "zugferd", "ad_invoices")
PEERS: dict[str, Callable[[Path], Answer]] = {
    "Tesseract + rules": lambda path: naive.answer(path, naive.tesseract),
    "RapidOCR + rules": lambda path: naive.answer(path, naive.rapid),
    "invoice2data": templates.answer,
}
OPTIONS = Options()

Reader = Callable[[Labelled], Answer]


def main() -> None:
    """Measure what the command line asks for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("sets", nargs="*", help="SET or SET:N for its first N documents; all without")
    arguments.add_argument("--errors", type=int, default=0, help="print so many wrong answers of each set")
    arguments.add_argument("--misses", action="store_true", help="write what is wrong as pages of pictures")
    arguments.add_argument("--peers", action="store_true", help="with SETs: beside the peers as well")
    arguments.add_argument("--no-peers", action="store_true", help="only our own reading")
    asked = arguments.parse_args()
    root = dataset.folder()
    if asked.sets:
        wanted = _wanted(root, asked.sets)
        for name, documents in wanted.items():
            _report(name, score(_answers(documents, _ours)), asked.errors)
            if asked.misses:
                print(f"  {misses.write(name, _answers(documents, _ours))}")
        if asked.peers:
            _peers(wanted)
        return
    found = {name: dataset.documents(root, name) for name in SETS}
    found = {name: documents for name, documents in found.items() if documents}
    scores = {}
    for name, documents in found.items():
        scores[name] = score(_answers(documents, _ours))
        _report(name, scores[name], asked.errors)
    if not asked.no_peers:
        _peers(found)
    print(json.dumps(_figures(root, found, scores)))


def _wanted(root: Path, names: Iterable[str]) -> dict[str, list[Labelled]]:
    parts = (name.partition(":") for name in names)
    return {name: dataset.documents(root, name, int(most) if most else None) for name, _, most in parts}


def _ours(document: Labelled) -> Answer:
    return ours.answer(document.path, OPTIONS)


def _answers(documents: Iterable[Labelled], read: Reader) -> Iterable[tuple[Labelled, Answer]]:
    return ((document, read(document)) for document in documents)


def _report(name: str, result: Score, errors: int) -> None:
    print(f"\n{name}: {result.whole.asked} documents, every field right (fuzzy) in {result.whole.right}")
    for field, counts in sorted(result.fields.items(), key=lambda entry: -entry[1].asked):
        accepted = auto_accepted(result.sure.get(field, []), counts.asked)
        print(
            f"  {field:16}{counts.asked:5} labels  right {counts.accuracy:.3f}  F1 {counts.f1:.3f}  "
            f"fuzzy {counts.fuzzy / max(1, counts.asked):.3f}  unseen at 98 % {accepted:.3f}"
        )
    if result.fields:
        print(
            f"  micro F1 of single fields {result.scalars().f1:.3f}; type right {result.kinds.accuracy:.3f}"
        )
    if result.word_recall:
        recall = statistics.mean(result.word_recall), statistics.mean(result.number_recall)
        print(f"  word recall {recall[0]:.3f}, number recall {recall[1]:.3f}")
    print(*(f"    {line}" for line in result.wrong[:errors]), sep="\n", end="\n" if errors else "")


def _peers(found: dict[str, list[Labelled]]) -> None:
    print("\nThe peers: vendor (fuzzy) / date / total right")
    for name in (name for name in BILLS if name in found):
        for peer, read in {"ours": None, **PEERS}.items():
            reader = _ours if read is None else (lambda document, read=read: read(document.path))
            result = score(_answers(found[name], reader))
            vendor, date, total = (
                result.fields.get(field, Counts()) for field in ("vendor", "date", "total")
            )
            fuzzy = vendor.fuzzy / max(1, vendor.asked)
            print(f"  {name:14}{peer:20}{fuzzy:.3f} / {date.accuracy:.3f} / {total.accuracy:.3f}")


def _figures(root: Path, found: dict[str, list[Labelled]], scores: dict[str, Score]) -> dict[str, Any]:
    def field(name: str, field: str) -> Counts:
        return scores[name].fields.get(field, Counts()) if name in scores else Counts()

    unseen = Counts()
    totals: list[tuple[float, bool]] = []
    for name in scores:
        if name in UNSEEN:
            unseen += scores[name].scalars()
        if name in BILLS:
            totals += scores[name].sure.get("total", [])
    bills = sum(field(name, "total").asked for name in BILLS)
    vendor = field("sroie", "vendor")
    times = _times(found)
    figures = {
        "sroie_total": field("sroie", "total").accuracy,
        "sroie_date": field("sroie", "date").accuracy,
        "sroie_vendor_fuzzy": vendor.fuzzy / max(1, vendor.asked),
        "sroie_all_four": scores["sroie"].whole.accuracy if "sroie" in scores else 0.0,
        "unseen_micro_f1": unseen.f1,
        "zugferd_fields_f1": scores["zugferd"].scalars().f1 if "zugferd" in scores else 0.0,
        "zugferd_lines_f1": field("zugferd", "line_items").f1,
        "zugferd_xml": _with_xml(found.get("zugferd", [])),
        "scan_word_recall": statistics.mean(scores["scan_sim"].word_recall) if "scan_sim" in scores else 0.0,
        "scan_fields_f1": scores["scan_sim"].scalars().f1 if "scan_sim" in scores else 0.0,
        "nda_parties_f1": field("contracts_nda", "parties").f1,
        "nda_date": field("contracts_nda", "effective_date").accuracy,
        "auto_accept_totals": auto_accepted(totals, bills),
        "robustness_ok": _robustness(dataset.documents(root, "robustness")),
        **{f"s_page_{kind}": spent.get("ours", 0.0) for kind, spent in times.items()},
    }
    return {name: round(value, 4) for name, value in figures.items()}


def _with_xml(documents: list[Labelled]) -> float:
    """Single fields and line items together, with the embedded e-invoice."""
    found = [(document, ours.with_xml(document.path, OPTIONS)) for document in documents]
    result = score(
        (document, ours.answer_of(data, ours.pages_of(document.path, OPTIONS))) for document, data in found
    )
    _report("zugferd with its XML", result, 40)
    together = Counts()
    for counts in result.fields.values():
        together += counts
    for document, data in found:
        flagged = ours.contradictions(data)
        if flagged or document.more.get("xml_contradicts_page"):
            known = document.more.get("xml_contradicts_page", "no contradiction known")
            print(f"  {document.path.name} ({known}) flagged: {', '.join(flagged) or 'NOTHING'}")
    return together.f1


def _robustness(documents: list[Labelled]) -> float:
    print("\nrobustness")
    right = 0
    for document in documents:
        outcome = robustness.take(document, OPTIONS)
        good = robustness.as_expected(document, outcome)
        right += good
        said = f"{outcome.verdict} {outcome.letters or outcome.reason}"
        print(
            f"  {'ok ' if good else 'BAD'} {document.path.name}: {said} (asked: {robustness.wanted(document)})"
        )
    return right / len(documents) if documents else 0.0


def _times(found: dict[str, list[Labelled]]) -> dict[str, dict[str, float]]:
    pdfs = [*found.get("ad_invoices", []), *found.get("zugferd", [])]
    texts = list(pdfs[:: max(1, len(pdfs) // speed.MOST)])
    clean = [d for d in found.get("scan_sim", []) if d.more.get("degradation") == "clean"]
    times = speed.measure(
        [document for document in texts if speed.has_text_layer(document, OPTIONS)],
        clean + [d for d in found.get("ocr_pages", []) if d.path.suffix != ".pdf"],
        found.get("sroie", []),
    )
    print("\nmedian seconds a page, one core")
    for kind, spent in times.items():
        print(f"  {kind:6}", ", ".join(f"{reader} {seconds:.3f}" for reader, seconds in spent.items()))
    return times


if __name__ == "__main__":
    main()
