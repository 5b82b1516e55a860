"""What a file is, by its content alone: its name and what the browser says are not believed."""

import re
from dataclasses import dataclass

from automateiq_core.errors import InvalidInput

# So many bytes are enough: readers of PDF find its header anywhere in the first 1024 (ISO 32000-1, annex H.3.4.1),
# where printers and mail gateways put it.
HEAD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class FileType:
    """A media type that can be read, and the endings of its files; the first is the one we give."""

    mimetype: str
    endings: tuple[str, ...]


PDF = FileType("application/pdf", (".pdf",))
PNG = FileType("image/png", (".png",))
JPEG = FileType("image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif"))
TIFF = FileType("image/tiff", (".tif", ".tiff"))
WEBP = FileType("image/webp", (".webp",))
# Electronic invoices; whether it is one, the reader says.
XML = FileType("application/xml", (".xml",))
ACCEPTED = (PDF, PNG, JPEG, TIFF, WEBP, XML)

# Six signatures and no library of hundreds: puremagic takes any RIFF file for a WEBP and misses a late PDF header.
_SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PNG),
    (re.compile(rb"\xff\xd8\xff"), JPEG),
    # Classic and big TIFF, in either byte order.
    (re.compile(rb"II[*+]\x00|MM\x00[*+]"), TIFF),
    (re.compile(rb"RIFF.{4}WEBPVP8", re.DOTALL), WEBP),
    (re.compile(rb".{0,1019}%PDF-\d", re.DOTALL), PDF),
    # XML that says so, in UTF-8 or UTF-16, or that begins with an invoice at once; comments may come before.
    (re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s|\xff\xfe<\x00\?\x00x\x00|\xfe\xff\x00<\x00\?\x00x"), XML),
    (
        re.compile(
            rb"(?:\xef\xbb\xbf)?\s*(?><!--.*?-->\s*)*+<(?:[\w.-]{1,40}:)?"
            rb"(?:Invoice|CreditNote|CrossIndustryInvoice|CrossIndustryDocument)[\s>]",
            re.DOTALL,
        ),
        XML,
    ),
)


def sniff(head: bytes) -> FileType:
    """The type of a file by its first `HEAD_BYTES` bytes.

    Raises:
        InvalidInput: it is of no type that can be read (UNSUPPORTED_TYPE).
    """
    for signature, kind in _SIGNATURES:
        if signature.match(head[:HEAD_BYTES]):
            return kind
    raise InvalidInput(
        "UNSUPPORTED_TYPE",
        "This is no PDF, PNG, JPEG, TIFF or WEBP file and no XML invoice, whatever its name says. Upload one of these.",
    )
