"""Splitting files that hold several documents, and merging the pages of one."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from automateiq_gateway.schemas.common import Body, Schema
from automateiq_gateway.schemas.documents import EXAMPLE, Document, ExtractedField

_ID = "65f0c0ffee65f0c0ffee65f0"
_OTHER = "65f0c0ffee65f0c0ffee65f3"


class DocumentPart(Schema):
    """Pages that seem to be one document."""

    pages: list[int] = Field(description="Their numbers, counted from 1")
    confidence: float = Field(
        description="How sure it is that they are one document, and no other page is of it"
    )
    reasons: list[str] = Field(
        description="What speaks for its beginning, for instance page_one, other_number"
    )
    document_type: str = Field(description="invoice, receipt, … as in extractedData.documentType")
    vendor: ExtractedField | None = Field(description="Who issued it")
    invoice_number: ExtractedField | None = Field(description="The number its issuer gave it")
    total: ExtractedField | None = Field(description="The sum that it is about")


_EXAMPLE_PART: dict[str, Any] = {
    "pages": [1, 2],
    "confidence": 0.97,
    "reasons": [],
    "documentType": "invoice",
    "vendor": None,
    "invoiceNumber": None,
    "total": None,
}


class SplitProposal(Schema):
    """What a document may be split into."""

    parts: list[DocumentPart] = Field(description="The parts; a single one where it seems to be one document")
    page_count: int = Field(description="How many pages the document has")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "parts": [
                    _EXAMPLE_PART,
                    {**_EXAMPLE_PART, "pages": [3], "reasons": ["page_one", "other_number"]},
                ],
                "pageCount": 3,
            }
        }
    )


class PartBody(Body):
    """Pages that are to be a document."""

    pages: list[Annotated[int, Field(ge=1, le=100_000)]] = Field(
        min_length=1,
        max_length=1000,
        description="Their numbers, counted from 1, in the order they shall have",
    )


class SplitBody(Body):
    """How to split a document. A page that is in no part is left out."""

    parts: list[PartBody] = Field(min_length=1, max_length=100, description="The parts")

    model_config = ConfigDict(json_schema_extra={"example": {"parts": [{"pages": [1, 2]}, {"pages": [3]}]}})


class MergeBody(Body):
    """Documents to be put together."""

    document_ids: list[Annotated[str, Field(max_length=100)]] = Field(
        min_length=2, max_length=100, description="The documents, in the order of their pages"
    )
    name: str = Field("", max_length=255, description="The new document's name; left out, the first one's")

    model_config = ConfigDict(
        json_schema_extra={"example": {"documentIds": [_ID, _OTHER], "name": "March.pdf"}}
    )


class Assembled(Schema):
    """Documents that were made, or stand again."""

    documents: list[Document] = Field(description="The documents")

    model_config = ConfigDict(json_schema_extra={"example": {"documents": [EXAMPLE]}})
