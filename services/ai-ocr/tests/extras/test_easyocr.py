"""EasyOCR, the real package, with a network that this project trained: `make test-easyocr`.

Apart from the other tests because the extra takes 6 GB; `make test` does not collect this folder.
"""

import shutil
from io import BytesIO
from pathlib import Path

import pytest
import reportlab
from automateiq_ocr.recognition.easy import EasyRecognizer
from automateiq_ocr.recognition.engine import engine_version, recognize_page
from automateiq_ocr.recognition.models import EngineUnavailable, Options
from PIL import Image, ImageDraw, ImageFont

NETWORK = Path(__file__).resolve().parents[2] / "training" / "easyocr" / "network"
FONT = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
LINES = ("Invoice 4711", "Total 1250.00", "Discount 25.00")
SECONDS = 60.0


@pytest.fixture
def own() -> EasyRecognizer:
    return EasyRecognizer(str(NETWORK), download=False)


def sheet(ink: int = 20) -> Image.Image:
    image = Image.new("L", (700, 420), 255)
    for index, line in enumerate(LINES):
        ImageDraw.Draw(image).text(
            (80, 60 + 100 * index), line, fill=ink, font=ImageFont.truetype(str(FONT), 28)
        )
    return image


def test_the_trained_network_reads_lines_with_their_places(own: EasyRecognizer) -> None:
    words = own.read(sheet(), 300, ("eng",), SECONDS)
    assert [word.text for word in words] == " ".join(LINES).split()
    assert [word.line for word in words] == [0, 0, 1, 1, 2, 2]
    for word in words:
        row = 60 + 100 * word.line
        assert row - 20 <= word.y <= row + 20
        assert 60 <= word.x < word.x + word.width <= 420
        assert 0.2 <= word.confidence <= 1


def test_a_blank_picture_has_no_words(own: EasyRecognizer) -> None:
    assert own.read(Image.new("L", (200, 200), 255), 300, ("eng",), SECONDS) == []


def test_it_is_asked_where_tesseract_doubts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    read = EasyRecognizer.read

    def counted(self: EasyRecognizer, *args: object) -> object:
        asked.append(1)
        return read(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(EasyRecognizer, "read", counted)
    small = sheet().resize((175, 105), Image.Resampling.BOX).resize((350, 210))
    out = BytesIO()
    small.save(out, "PNG")
    options = Options(deep_engine="easyocr", easyocr_network=str(NETWORK))
    page = recognize_page(out.getvalue(), "image/png", 1, options)
    assert asked
    assert page.words
    assert "easyocr" in engine_version(options)
    assert "small_latin" in engine_version(options)


def test_official_weights_that_are_missing_are_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("easyocr.easyocr.MODULE_PATH", str(tmp_path))
    with pytest.raises(EngineUnavailable, match="lacks its weights"):
        EasyRecognizer("", download=False).read(sheet(), 300, ("eng",), SECONDS)


def test_a_folder_without_a_network_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="must hold one network"):
        EasyRecognizer(str(tmp_path), download=False).version()
    for name in ("a.pth", "b.pth"):
        shutil.copy(NETWORK / "small_latin.pth", tmp_path / name)
    with pytest.raises(EngineUnavailable, match="holds 2"):
        EasyRecognizer(str(tmp_path), download=False).version()
