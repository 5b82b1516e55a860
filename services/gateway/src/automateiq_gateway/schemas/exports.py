"""Exports of documents."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from automateiq_gateway.schemas.documents import FilterQuery

ExportFormat = Literal["csv", "xlsx", "json", "ubl"]
ExportTable = Literal["documents", "lines"]


class ExportQuery(FilterQuery):
    """What is exported: the documents that pass the filter, newest first, or those with these ids."""

    format: ExportFormat = Field(
        description="csv: one table; xlsx: a sheet of documents and one of their lines; json: all fields with their "
        "confidence; ubl: UBL 2.1, a ZIP of XML files, or one XML where one id is given"
    )
    table: ExportTable = Field("documents", description="For csv: a row for each document or for each line")
    id: list[Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]] = Field(
        [], max_length=200, description="These documents, in this order; the filter is not used then"
    )


ExportParameters = Annotated[ExportQuery, Query()]
