"""What of a document is wanted to be looked at or taken away."""

from typing import Annotated, Literal

from fastapi import Path, Query

ExportFormat = Literal["pdf", "hocr", "text"]

PageNumber = Annotated[int, Path(ge=1, le=10_000, description="The page, counted from 1")]
Width = Annotated[
    int,
    Query(
        ge=16,
        le=4000,
        description="Width of the picture in pixels; narrower where an image has no more, or the page is very long",
    ),
]
WantedFormat = Annotated[
    ExportFormat,
    Query(
        alias="format",
        description="pdf: PDF/A-2b that can be searched; hocr: words with their places; text: the text alone",
    ),
]
