"""The peer of the benchmark: the shortest program that gives the same answer from the same MongoDB.

No authentication, no tenancy, no limits, no telemetry: FastAPI, Motor, one `find_one`. It answers with the gateway's
own documented schema, as a careful author of a small program would, by FastAPI's usual way.
"""

import os

from automateiq_gateway.schemas.documents import Document
from bson import ObjectId
from fastapi import FastAPI, HTTPException
from motor.motor_asyncio import AsyncIOMotorClient

app = FastAPI()
documents = AsyncIOMotorClient(os.environ["MONGODB_URI"], tz_aware=True)["bare"]["documents"]


@app.get("/health")
async def health() -> dict[str, str]:
    """Whether it is up."""
    return {"status": "ok"}


@app.get("/documents/{document_id}")
async def document(document_id: str) -> Document:
    """One document with all that was read from it."""
    row = await documents.find_one({"_id": ObjectId(document_id)})
    if row is None:
        raise HTTPException(404)
    return Document(id=str(row.pop("_id")), **row)
