"""Files that cannot be read are refused with their reason, and no file at all does worse than that."""

import pickle
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from automateiq_ocr.recognition.engine import open_document, recognize_page
from automateiq_ocr.recognition.images import sniff
from automateiq_ocr.recognition.models import (
    JPEG,
    MIMETYPES,
    PDF,
    PNG,
    TIFF,
    WEBP,
    DamagedFile,
    EmptyFile,
    EncryptedFile,
    EngineUnavailable,
    FileRefused,
    ImageTooLarge,
    Options,
    PageFailed,
    PageNotFound,
    TooManyPages,
    UnsupportedFile,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ocr_pages import letter, pdf, picture, read, saved, shot, text
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from samples.make import hostile


def declaring(width: int, height: int) -> bytes:
    """A small PNG whose header says that it has this size."""
    file = hostile.pixel_bomb_png(8, 8)
    head = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + file[24:29]
    return file[:12] + head + zlib.crc32(head).to_bytes(4, "big") + file[33:]


CASES: dict[str, tuple[Callable[[], bytes], type[FileRefused], str]] = {
    "empty": (lambda: b"", EmptyFile, "FILE_EMPTY"),
    "text as pdf": (hostile.text_as_pdf, UnsupportedFile, "UNSUPPORTED_TYPE"),
    "zip": (lambda: b"PK\x03\x04" + bytes(500), UnsupportedFile, "UNSUPPORTED_TYPE"),
    "gif": (lambda: saved(letter(), "GIF"), UnsupportedFile, "UNSUPPORTED_TYPE"),
    "bmp": (lambda: saved(letter(), "BMP"), UnsupportedFile, "UNSUPPORTED_TYPE"),
    "encrypted": (hostile.encrypted_pdf, EncryptedFile, "PDF_ENCRYPTED"),
    "truncated": (hostile.truncated_pdf, DamagedFile, "FILE_DAMAGED"),
    "only a head": (lambda: b"%PDF-1.7\n", DamagedFile, "FILE_DAMAGED"),
    "png head": (lambda: b"\x89PNG\r\n\x1a\n", DamagedFile, "FILE_DAMAGED"),
    "jpeg head": (lambda: b"\xff\xd8\xff\xe0", DamagedFile, "FILE_DAMAGED"),
    "tiff head": (lambda: b"II*\x00\x08\x00\x00\x00", DamagedFile, "FILE_DAMAGED"),
    "webp head": (lambda: b"RIFF\x00\x00\x00\x00WEBPVP8 ", DamagedFile, "FILE_DAMAGED"),
    "500 pages": (hostile.many_pages_pdf, TooManyPages, "TOO_MANY_PAGES"),
    "pixel bomb": (hostile.pixel_bomb_png, ImageTooLarge, "IMAGE_TOO_LARGE"),
    "larger than Pillow opens": (lambda: declaring(60000, 60000), ImageTooLarge, "IMAGE_TOO_LARGE"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("as_path", [False, True], ids=["bytes", "path"])
def test_what_cannot_be_read_is_refused_with_its_reason(case: str, as_path: bool, tmp_path: Path) -> None:
    make, kind, reason = CASES[case]
    source: bytes | Path = make()
    if as_path:
        source = tmp_path / "file"
        source.write_bytes(make())
    with pytest.raises(kind) as caught:
        open_document(source, "application/pdf", Options())
    assert caught.value.reason == reason
    assert len(caught.value.message.split()) >= 4
    assert not list(caught.value.violations)


def test_limits_are_those_of_the_options() -> None:
    three = hostile.many_pages_pdf(3)
    assert open_document(three, None, Options(max_pages=3)).page_count == 3
    with pytest.raises(TooManyPages) as caught:
        open_document(three, None, Options(max_pages=2))
    assert caught.value.metadata == {"pages": "3", "limit": "2"}
    image = letter()
    fits = Options(max_pixels=image.width * image.height)
    assert open_document(saved(image, "PNG"), None, fits).page_count == 1
    with pytest.raises(ImageTooLarge):
        open_document(saved(image, "PNG"), None, Options(max_pixels=fits.max_pixels - 1))
    leaves = saved(image.convert("1"), "TIFF", save_all=True, append_images=[image.convert("1")] * 2)
    assert open_document(leaves, None, Options(max_pages=3)).page_count == 3
    with pytest.raises(TooManyPages):
        open_document(leaves, None, Options(max_pages=2))


def test_a_later_page_of_a_tiff_that_is_too_large_is_refused_before_it_is_decoded() -> None:
    small, large = Image.new("1", (100, 100), 1), Image.new("1", (3000, 3000), 1)
    file = saved(small, "TIFF", save_all=True, append_images=[large], compression="group4")
    with pytest.raises(ImageTooLarge):
        open_document(file, None, Options(max_pixels=1_000_000))


def test_a_pixel_bomb_inside_a_pdf_is_refused() -> None:
    scan = pdf(picture(Image.new("1", (3000, 3000), 1)))
    assert read(scan).text == ""
    with pytest.raises(ImageTooLarge):
        read(scan, options=Options(max_pixels=2_000_000))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_an_image_that_breaks_off_is_refused(kind: str) -> None:
    whole = saved(letter(), kind)
    with pytest.raises(DamagedFile) as caught:
        read(whole[: len(whole) * 6 // 10])
    assert caught.value.reason == "FILE_DAMAGED"


def test_a_pdf_with_an_owners_password_only_is_read() -> None:
    out = BytesIO()
    lock: Any = StandardEncryption("", ownerPassword="not to be printed", canPrint=0, strength=128)
    canvas: Any = Canvas(out, pagesize=(360, 220), encrypt=lock)
    text()(canvas)
    canvas.save()
    assert "Hawthorne," in read(out.getvalue()).text


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"%PDF-1.4", PDF),
        (b"junk before it\r\n" * 20 + b"%PDF-1.4", PDF),
        (b"junk" * 300 + b"%PDF-1.4", None),
        (b"\x89PNG\r\n\x1a\n....", PNG),
        (b"\xff\xd8\xff\xdb....", JPEG),
        (b"II*\x00....", TIFF),
        (b"MM\x00*....", TIFF),
        (b"RIFF....WEBPVP8L", WEBP),
        (b"RIFF....WAVEfmt ", None),
        (b"", None),
        (b"<html>%PDF", None),
    ],
)
def test_the_content_says_what_a_file_is(head: bytes, found: str | None) -> None:
    assert sniff(head) == found


@pytest.mark.parametrize(
    "kind",
    [
        EmptyFile,
        UnsupportedFile,
        DamagedFile,
        EncryptedFile,
        TooManyPages,
        ImageTooLarge,
        PageNotFound,
        PageFailed,
        EngineUnavailable,
    ],
)
def test_refusals_cross_between_processes_unharmed(kind: Any) -> None:
    error = kind("What is to be done next.", limit="5")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.reason, again.message, again.metadata, again.status) == (
        error.reason,
        error.message,
        error.metadata,
        error.status,
    )


# Small, so that what can still be read of them is read fast; compressed and uncompressed PDFs break differently.
SEEDS = [
    pdf(text(("Alder 12.50",)), size=(120, 60)),
    hostile.digital_pdf(1),
    pdf(picture(Image.new("1", (200, 100), 1)), size=(120, 60)),
    *(saved(Image.new("RGB", (60, 40), "white"), kind) for kind in ("PNG", "JPEG", "TIFF", "WEBP")),
    saved(shot(pdf(text(("Alder 12.50",)), size=(120, 60)), 100), "PNG"),
]


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    whole = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(whole) - 1))
        piece = draw(st.binary(max_size=6))
        match draw(st.sampled_from(["overwrite", "insert", "cut", "drop"])):
            case "overwrite":
                whole[at : at + len(piece)] = piece
            case "insert":
                whole[at:at] = piece
            case "drop":
                del whole[at : at + len(piece)]
            case _ if at > 20:
                del whole[at:]
            case _:
                pass
        if not whole:
            break
    return bytes(whole)


_HEADS = (
    b"%PDF-1.7\n",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"II*\x00",
    b"MM\x00+",
    b"RIFF\x00\x01\x00\x00WEBP",
    b"",
)
_small = Options(max_pixels=1_000_000, max_pages=20, page_seconds=20)


def _all_of(source: bytes) -> None:
    """Reads whatever can be read; every refusal must be one of ours."""
    try:
        info = open_document(source, None, _small)
    except FileRefused:
        return
    assert info.mimetype in MIMETYPES
    assert 1 <= info.page_count <= _small.max_pages
    for number in range(1, min(info.page_count, 3) + 1):
        try:
            page = recognize_page(source, info.mimetype, number, _small)
        except (FileRefused, PageFailed):
            continue
        for word in page.words:
            assert word.text.encode()
            assert 0 <= word.x <= word.box.right <= page.width + 0.02
            assert 0 <= word.y <= word.box.bottom <= page.height + 0.02
            assert 0 <= word.confidence <= 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_mutated())
def test_damaged_files_are_read_or_refused(source: bytes) -> None:
    _all_of(source)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_HEADS), st.binary(max_size=400))
def test_random_bytes_are_read_or_refused(head: bytes, rest: bytes) -> None:
    _all_of(head + rest)


def test_a_png_whose_pixels_inflate_without_end_is_refused() -> None:
    bomb = hostile.pixel_bomb_png(64, 64)
    huge = zlib.compress(bytes(50_000_000), 9)
    at = bomb.index(b"IDAT")
    body = huge
    chunk = len(body).to_bytes(4, "big") + b"IDAT" + body + zlib.crc32(b"IDAT" + body).to_bytes(4, "big")
    end = bomb.index(b"IEND") - 4
    _all_of(bomb[: at - 4] + chunk + bomb[end:])
