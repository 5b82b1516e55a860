"""The settings of ai-ocr."""

from typing import Annotated, Literal

from automateiq_core.settings import ServiceSettings
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from automateiq_ocr.recognition.models import Options


class OcrSettings(ServiceSettings):
    """What ai-ocr needs beside what every process needs."""

    listen: str = Field("127.0.0.1:50053", description="host:port to serve on")

    ocr_workers: int = Field(
        2,
        ge=1,
        le=64,
        description="Recognition processes; one keeps one core busy. One more does short work aside, "
        "and one shows pages",
    )
    ocr_languages: Annotated[tuple[str, ...], NoDecode] = Field(
        ("eng", "deu", "fra", "spa", "ita", "nld", "por"),
        description="Tesseract's names of the languages to read, parted by commas; they must be installed. "
        "A page is read in the first, and again in another of them if it turns out to be written in that",
    )
    ocr_deep_engine: Literal["rapidocr", "easyocr", "none"] = Field(
        "rapidocr",
        description="The second engine, for what Tesseract reads with doubt; `none` leaves it to Tesseract",
    )
    ocr_easyocr_network: str = Field(
        "",
        description="Folder of a recognition network for EasyOCR (NAME.py, .yaml, .pth); empty: its official weights",
    )
    ocr_easyocr_download: bool = Field(
        False, description="Whether EasyOCR may download its official weights when they are missing"
    )
    ocr_max_pages: int = Field(100, ge=1, description="A document with more pages is refused")
    ocr_max_pixels: int = Field(
        50_000_000, ge=1, description="An image with more pixels is refused before decoding"
    )
    ocr_page_seconds: float = Field(120.0, gt=0, description="Longest time for one page")
    ocr_render_seconds: float = Field(
        25.0, gt=0, description="Longest time to show one page; one that takes longer is tried once more"
    )
    ocr_worker_memory_mb: int = Field(
        800,
        ge=0,
        description="A recognition process that holds more megabytes than this after a page is replaced by a fresh "
        "one; 0 never. A large page takes some 300 more while it is read",
    )
    ocr_cache_seconds: int = Field(
        86_400, ge=0, description="How long a result is kept for the same file; 0 keeps none"
    )
    ocr_model_base_url: str = Field(
        "",
        description="An OpenAI-compatible endpoint that proposes values for what was not found, for instance "
        "http://127.0.0.1:11434/v1; the documents' text is sent there. Empty asks nobody",
    )
    ocr_model_name: str = Field("gpt-5-mini", description="Which of its models is asked")
    ocr_model_api_key: SecretStr = Field(SecretStr(""), description="The key of that endpoint")
    ocr_model_seconds: float = Field(
        20.0, gt=0, le=120, description="Longest time for its answer; then the document goes on without"
    )
    default_deadline_seconds: float = Field(
        1800.0, gt=0, description="Deadline of a call whose caller set none"
    )

    @field_validator("ocr_languages", mode="before")
    @classmethod
    def _languages(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @property
    def options(self) -> Options:
        """How pages are read."""
        return Options(
            languages=self.ocr_languages,
            deep_engine=self.ocr_deep_engine,
            easyocr_network=self.ocr_easyocr_network,
            easyocr_download=self.ocr_easyocr_download,
            max_pages=self.ocr_max_pages,
            max_pixels=self.ocr_max_pixels,
            page_seconds=self.ocr_page_seconds,
        )
