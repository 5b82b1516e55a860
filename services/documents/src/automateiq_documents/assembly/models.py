"""Which documents may be split and merged, and what the results are called."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from automateiq_core.errors import FailedPrecondition, InvalidInput

from automateiq_documents.documents.models import Document, Origin, OriginPages, ReviewState, Status
from automateiq_documents.documents.sniffing import ACCEPTED, PDF, TIFF, XML, FileType

SPLIT, MERGE = "split", "merge"
_KINDS = {kind.mimetype: kind for kind in ACCEPTED}
_MAX_NAME = 255
# What pages share goes into each part: together these may be so many times as large as the largest upload.
_MOST_GROWTH = 4


def check_splittable(document: Document, parts: Sequence[Sequence[int]]) -> None:
    """Lets a document through that may be split into these parts.

    Raises:
        FailedPrecondition: it is being read, was replaced already, or is no file of several pages.
        InvalidInput: a page is not there or in two parts, or the only part is the whole (BAD_PAGES).
    """
    check_free(document)
    if document.mimetype not in (PDF.mimetype, TIFF.mimetype) or document.page_count < 2:
        raise FailedPrecondition(
            "NOT_SPLITTABLE",
            "Only a PDF or TIFF file of several pages can be split. This one has a single page.",
        )
    pages = [page for part in parts for page in part]
    if not all(1 <= page <= document.page_count for page in pages):
        raise InvalidInput(
            "BAD_PAGES", f"The document has the pages 1 to {document.page_count}, and no others."
        )
    if len(set(pages)) != len(pages):
        raise InvalidInput("BAD_PAGES", "A page can be in one part only.")
    if pages == list(range(1, document.page_count + 1)) and len(parts) == 1:
        raise InvalidInput("BAD_PAGES", "This part is the whole document. Choose where to cut it.")


def check_growth(sizes: Sequence[int], *, max_bytes: int) -> None:
    """Lets parts of these sizes in bytes through.

    Raises:
        InvalidInput: together they are too large (FILE_TOO_LARGE).
    """
    limit = _MOST_GROWTH * max_bytes
    if sum(sizes) > limit:
        raise InvalidInput(
            "FILE_TOO_LARGE",
            f"The parts would be larger than {limit >> 20} MiB together, for each holds what the pages share. Split it "
            "into fewer parts.",
            maxBytes=str(limit),
        )


def check_mergeable(documents: Sequence[Document], *, max_bytes: int) -> None:
    """Lets documents through that may be put together.

    Raises:
        FailedPrecondition: one is being read, was replaced already, or has no pages to show.
        InvalidInput: together they are too large (FILE_TOO_LARGE).
    """
    for document in documents:
        check_free(document)
        if document.mimetype == XML.mimetype or document.page_count < 1:
            raise FailedPrecondition(
                "NOT_MERGEABLE",
                f"{document.original_name} has no pages that could be put into a PDF, or they are not counted yet.",
            )
    if sum(document.size for document in documents) > max_bytes:
        raise InvalidInput(
            "FILE_TOO_LARGE",
            f"Together the files are larger than {max_bytes >> 20} MiB. Merge fewer of them.",
            maxBytes=str(max_bytes),
        )


def check_free(document: Document) -> None:
    """Lets a document through that nothing else is done with.

    Raises:
        FailedPrecondition: it is being read (BEING_READ), or was split or merged before (REPLACED).
    """
    if document.replaced_by:
        raise FailedPrecondition(
            "REPLACED", f"{document.original_name} was split or merged already. Undo that first."
        )
    if document.status is Status.PROCESSING:
        raise FailedPrecondition(
            "BEING_READ", f"{document.original_name} is being read. Wait for its end, or cancel it."
        )


def check_unchanged(made: Document) -> None:
    """Lets a document through that was made by a split or merge, and that nobody worked on since.

    Raises:
        FailedPrecondition: somebody did, or it was replaced itself (PARTS_CHANGED).
    """
    reviewed = made.review_state in (ReviewState.CONFIRMED, ReviewState.REJECTED)
    if reviewed or made.replaced_by or len(made.readings) > 1:
        raise FailedPrecondition(
            "PARTS_CHANGED",
            f"Somebody worked on {made.original_name} since it was made. Delete it if it is not wanted any more.",
        )


def origin_of_part(source: Document, pages: Sequence[int]) -> Origin:
    """Where a part comes from."""
    paid = source.status is Status.PROCESSED
    return Origin(SPLIT, [OriginPages(source.id, source.sha256, list(pages), alike=True, paid=paid)])


def origin_of_merge(sources: Sequence[Document]) -> Origin:
    """Where a merged document comes from. Pictures are laid on pages, so their pages are read anew."""
    return Origin(
        MERGE,
        [
            OriginPages(
                source.id,
                source.sha256,
                list(range(1, source.page_count + 1)),
                alike=source.mimetype == PDF.mimetype,
                paid=source.status is Status.PROCESSED,
            )
            for source in sources
        ],
    )


def kind_of(document: Document) -> FileType:
    """What kind of file a document has."""
    return _KINDS[document.mimetype]


def name_of_part(source: Document, number: int, count: int) -> str:
    """What a part is called: `scans.pdf` gives `scans (2 of 3).pdf`."""
    ending = kind_of(source).endings[0]
    return f"{_stem(source.original_name)[: _MAX_NAME - 20]} ({number} of {count}){ending}"


def name_of_merge(sources: Sequence[Document], wanted: str) -> str:
    """What a merged document is called."""
    return f"{_stem(wanted.strip() or sources[0].original_name)[: _MAX_NAME - 10]}.pdf"


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    known = {ending for kind in ACCEPTED for ending in kind.endings}
    return name[: -len(path.suffix)] if path.suffix.lower() in known else name
