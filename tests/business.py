"""A business as a REST client sees it: registered, signed in, with documents."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

ENDED = {"processed", "failed"}
PASSWORD = "correct horse battery staple"


def until(condition: Callable[[], Any], *, seconds: float = 60, every: float = 0.05) -> Any:
    """Waits until the condition gives something true, and gives it."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(every)


@dataclass
class Business:
    """The admin of a registered business; the client carries the bearer token."""

    client: httpx.Client
    email: str
    organization_id: str
    user_id: str
    tokens: dict[str, str]

    @classmethod
    def register(cls, client: httpx.Client, email: str) -> Self:
        """Registers a business and signs its admin in."""
        reply = client.post(
            "/api/auth/register",
            headers={"X-Auth-Mode": "bearer"},
            json={
                "email": email,
                "password": PASSWORD,
                "firstName": "Ada",
                "lastName": "Owner",
                "organizationName": f"Bakery of {email.split('@')[0]}",
            },
        )
        assert reply.status_code == 201, reply.text
        body = reply.json()
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {body['tokens']['accessToken']}"
        return cls(client, email, body["organization"]["id"], body["user"]["id"], body["tokens"])

    def upload(self, content: bytes, name: str, *, status: int = 201) -> dict[str, Any]:
        """Uploads a file and gives the document."""
        reply = self.client.post("/api/documents/upload", files={"file": (name, content)})
        assert reply.status_code == status, reply.text
        return dict(reply.json())

    def upload_file(self, path: Path) -> dict[str, Any]:
        """Uploads a file from disk and gives the document."""
        return self.upload(path.read_bytes(), path.name)

    def process(self, document_id: str) -> dict[str, Any]:
        """Asks for a document to be read."""
        reply = self.client.post("/api/documents/process", json={"documentId": document_id})
        assert reply.status_code == 202, reply.text
        return dict(reply.json())

    def document(self, document_id: str) -> dict[str, Any]:
        """A document as it is now."""
        reply = self.client.get(f"/api/documents/{document_id}")
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def ended(self, document_id: str, *, seconds: float = 90, every: float = 0.05) -> dict[str, Any]:
        """Waits until a document has failed, or is processed and paid for, and gives it."""

        def end() -> dict[str, Any] | None:
            found = self.document(document_id)
            paid = found["status"] != "processed" or found["processing"]["creditsCharged"]
            return found if found["status"] in ENDED and paid else None

        return dict(until(end, seconds=seconds, every=every))

    def credits(self) -> dict[str, Any]:
        """The balance."""
        reply = self.client.get("/api/billing/credits")
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def ledger(self) -> list[dict[str, Any]]:
        """All transactions of the ledger, newest first."""
        found: list[dict[str, Any]] = []
        token: str | None = ""
        while True:
            reply = self.client.get("/api/billing/ledger", params={"pageSize": 100, "pageToken": token})
            assert reply.status_code == 200, reply.text
            found += reply.json()["items"]
            token = reply.json()["nextPageToken"]
            if not token:
                return found

    def charges(self) -> list[int]:
        """What was charged, a number a settled hold."""
        return [
            sum(entry["credits"] for entry in transaction["entries"] if entry["account"] == "spent")
            for transaction in self.ledger()
            if transaction["kind"] == "settle"
        ]
