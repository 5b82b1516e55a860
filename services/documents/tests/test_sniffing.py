import pytest
from automateiq_core.errors import InvalidInput
from automateiq_documents.documents.filenames import safe_filename
from automateiq_documents.documents.sniffing import JPEG, PDF, PNG, XML, sniff


@pytest.mark.parametrize(
    ("head", "mimetype"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
        (b"\x00\x00@PJL ENTER\r\n" * 20 + b"%PDF-1.4\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "image/jpeg"),
        (b"\xff\xd8\xff\xe1\x00\x10Exif\x00", "image/jpeg"),
        (b"II*\x00\x08\x00\x00\x00", "image/tiff"),
        (b"II+\x00\x08\x00\x00\x00", "image/tiff"),
        (b"MM\x00*\x00\x00\x00\x08", "image/tiff"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b'<?xml version="1.0"?><Invoice/>', "application/xml"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><a/>", "application/xml"),
        ('\ufeff<?xml version="1.0"?>'.encode("utf-16-le"), "application/xml"),
        ('\ufeff<?xml version="1.0"?>'.encode("utf-16-be"), "application/xml"),
        (b"\n<!-- ours --><rsm:CrossIndustryInvoice xmlns:rsm='u'>", "application/xml"),
        (b"<CreditNote xmlns='u'>", "application/xml"),
    ],
)
def test_the_content_says_what_a_file_is(head: bytes, mimetype: str) -> None:
    assert sniff(head).mimetype == mimetype


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"x",
        b"Dear Sir or Madam, this is text, renamed to invoice.pdf",
        b"GIF89a\x01\x00\x01\x00",
        b"PK\x03\x04\x14\x00\x06\x00word/document.xml",
        b"<html><body>%PDF</body></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<Invoices>",
        b"<!---->" * 146,
        b"MZ\x90\x00\x03",
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        b"RIFF\x24\x00\x00\x00WEBP",
        b"PDF-1.4",
        b"a" * 1024 + b"%PDF-1.4",
        b"\x00" * 1024,
    ],
)
def test_what_can_not_be_read_is_refused(head: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        sniff(head)
    assert refused.value.reason == "UNSUPPORTED_TYPE"


@pytest.mark.parametrize(
    ("original", "safe"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("Rechnung März.PDF", "Rechnung März.PDF"),
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\windows\\system32\\x.pdf", "x.pdf"),
        ("/", "document.pdf"),
        ("...", "document.pdf"),
        (".pdf", "pdf.pdf"),
        ("a\x00b\r\nSet-Cookie: x=1.pdf", "abSet-Cookie_ x=1.pdf"),
        ("gpj.\u202efdp.pdf", "gpj.fdp.pdf"),
        ("scan.png", "scan.pdf"),
        ("offer v1.2", "offer v1.2.pdf"),
        ("setup.exe", "setup.exe.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("com1.backup.pdf", "_com1.backup.pdf"),
        ('a<b>:"c"|?*.pdf', "a_b___c____.pdf"),
        (" spaced .pdf", "spaced.pdf"),
    ],
)
def test_a_filename_is_made_safe(original: str, safe: str) -> None:
    assert safe_filename(original, PDF) == safe


def test_an_ending_fits_the_type() -> None:
    assert safe_filename("photo.jpeg", JPEG) == "photo.jpeg"
    assert safe_filename("photo.pdf", JPEG) == "photo.jpg"
    assert safe_filename("photo", PNG) == "photo.png"
    assert safe_filename("rechnung.pdf", XML) == "rechnung.xml"


def test_a_long_name_keeps_its_ending_and_whole_letters() -> None:
    safe = safe_filename("ü" * 255 + ".pdf", PDF)
    assert safe.endswith("ü.pdf")
    assert len(safe.encode()) <= 200
