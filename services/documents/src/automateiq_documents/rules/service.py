"""The rules of the calling organization: changing them, trying them out, and acting on documents."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core import context
from automateiq_core.errors import FailedPrecondition, InvalidInput, Violation
from automateiq_core.idempotency import new_id
from automateiq_core.mongo import DuplicateKeyError

from automateiq_documents.documents.models import (
    Document,
    DocumentFilter,
    DocumentOrder,
    DocumentType,
    Reading,
    ReviewState,
    Status,
    not_found,
)
from automateiq_documents.documents.store import Amendment, DocumentStore, now
from automateiq_documents.review.service import ReviewService
from automateiq_documents.rules import engine
from automateiq_documents.rules.engine import Facts, Outcome
from automateiq_documents.rules.models import (
    MAX_RULES,
    ActionKind,
    Draft,
    Found,
    Rule,
    Run,
    check,
    refuse,
    rule_changed,
    rule_not_found,
)
from automateiq_documents.rules.store import RuleStore, RunPage, VersionPage
from automateiq_documents.webhooks.delivering import Deliveries
from automateiq_documents.webhooks.models import Event
from automateiq_documents.webhooks.payloads import document_message
from automateiq_documents.webhooks.store import WebhookStore

_TESTED = 50
_PAGE = 50
# All three must be good before a document may pass without a look.
_SURE_OF = ("vendor", "date", "total")


class RulesService:
    """What can be done with rules."""

    def __init__(self, store: RuleStore, documents: DocumentStore, webhooks: WebhookStore) -> None:
        self._store = store
        self._documents = documents
        self._webhooks = webhooks

    async def create(self, draft: Draft) -> Rule:
        """Adds a rule behind the others.

        Raises:
            InvalidInput: it is no good rule (RULE_INVALID).
            FailedPrecondition: there are as many as there may be (TOO_MANY_RULES).
        """
        await self._check(draft)
        rule_id, there = str(new_id()), await self._store.all()
        before = next((rule for rule in there if rule.id == rule_id), None)
        if before is not None:
            return before
        if len(there) >= MAX_RULES:
            raise FailedPrecondition(
                "TOO_MANY_RULES", f"An organization has {MAX_RULES} rules at most. Delete one first."
            )
        time, position = now(), max((rule.position for rule in there), default=-1) + 1
        rule = Rule(rule_id, draft, 1, position, context.current().user_id, time, time)
        await self._store.add(rule)
        return rule

    async def all(self) -> list[Rule]:
        """All rules, in order."""
        return await self._store.all()

    async def get(self, rule_id: str) -> Rule:
        """One rule.

        Raises:
            NotFound: there is no such rule.
        """
        rule = await self._store.find(rule_id)
        if rule is None:
            raise rule_not_found()
        return rule

    async def update(self, rule_id: str, version: int, draft: Draft) -> Rule:
        """Replaces a version of a rule by the next one.

        Raises:
            NotFound: there is no such rule.
            InvalidInput: it is no good rule (RULE_INVALID).
            Conflict: that version is not the present one (RULE_CHANGED).
        """
        there = await self.get(rule_id)
        await self._check(draft)
        if there.version != version:
            raise rule_changed()
        user, time = context.current().user_id, now()
        changed = await self._store.replace(
            replace(there, draft=draft, version=version + 1, changed_by=user, updated_at=time),
            version=version,
        )
        if changed is None:
            raise rule_changed()
        return changed

    async def delete(self, rule_id: str) -> None:
        """Removes a rule.

        Raises:
            NotFound: there is no such rule.
        """
        if not await self._store.remove(rule_id):
            raise rule_not_found()

    async def order(self, rule_ids: Sequence[str]) -> list[Rule]:
        """Puts the rules in this order.

        Raises:
            InvalidInput: it does not name each rule once (RULE_ORDER_INCOMPLETE).
        """
        if not await self._store.order(rule_ids):
            rule = Violation("rules", "must name each rule once")
            raise InvalidInput("RULE_ORDER_INCOMPLETE", "rules: must name each rule once.", violations=[rule])
        return await self._store.all()

    async def versions(self, rule_id: str, request: PageRequest) -> VersionPage:
        """A page of the versions a rule has or had, newest first.

        Raises:
            NotFound: there never was such a rule.
        """
        page = await self._store.versions(rule_id, request)
        if not page.versions:
            raise rule_not_found()
        return page

    async def runs(self, document_id: str, request: PageRequest) -> RunPage:
        """A page of what rules did to a document, newest first.

        Raises:
            NotFound: there is no such document.
        """
        if await self._documents.find(document_id) is None:
            raise not_found()
        return await self._store.runs(document_id, request)

    async def test(self, rule_id: str, documents: int) -> tuple[int, list[Found]]:
        """Which of the newest read documents a rule matches; gives how many were looked at, too.

        Raises:
            NotFound: there is no such rule.
        """
        rule, wanted = await self.get(rule_id), documents or _TESTED
        found: list[Found] = []
        examined, token = 0, ""
        while examined < wanted:
            request = PageRequest(page_size=min(_PAGE, wanted - examined), page_token=token)
            read = DocumentFilter(statuses=[Status.PROCESSED])
            page = await self._documents.page(read, DocumentOrder.CREATED_DESC, request)
            for document in page.documents:
                facts = await facts_for([rule], document, self._documents)
                # Beside the event loop here and below: a long text is searched for every value of every rule.
                reasons = await asyncio.to_thread(engine.why, rule, facts)
                if reasons:
                    _, actions = engine.act(rule, facts)
                    found.append(Found(document.id, document.original_name, reasons, actions))
            examined, token = examined + len(page.documents), page.next_page_token
            if not token:
                break
        return examined, found

    async def _check(self, draft: Draft) -> None:
        check(draft)
        unknown = [
            Violation(f"actions.{number}.value", "must be the id of one of your webhook endpoints")
            for number, action in enumerate(draft.actions)
            if action.kind is ActionKind.CALL_WEBHOOK and await self._webhooks.endpoint(action.value) is None
        ]
        refuse(unknown)


class RuleFollower:
    """Has the rules look at each document that was read.

    A `Follower` of documents, before the webhooks, and a `Keeper`: what is noted of a document goes with it.
    """

    def __init__(
        self, store: RuleStore, documents: DocumentStore, reviews: ReviewService, deliveries: Deliveries
    ) -> None:
        self._store = store
        self._documents = documents
        self._reviews = reviews
        self._deliveries = deliveries

    async def stored(self, document: Document, reading: Reading) -> None:
        """Nothing is kept beside a document before its rules were looked at."""

    async def deleted(self, document_id: str) -> None:
        """Removes what is noted of a document."""
        await self._store.forget(document_id)

    async def failed(self, document: Document) -> None:
        """Nothing was read, so there is nothing to look at."""

    async def processed(self, document: Document) -> None:
        """Looks at a document once for each of its readings."""
        rules = [rule for rule in await self._store.all() if rule.draft.enabled]
        current = await self._documents.find_read(document.id)
        if not rules or current is None or current.processing is None or document.processing is None:
            return
        job_id = document.processing.job_id
        if current.processing.job_id != job_id or await self._store.has_run(document.id, job_id):
            return
        before = await facts_for(rules, current, self._documents)
        outcome = await asyncio.to_thread(engine.run, rules, before)
        if not outcome.firings:
            return

        async def work() -> None:
            await self._act(current, job_id, before, outcome)

        try:
            await self._store.transact(work)
        except DuplicateKeyError:
            # Another run of this very task was quicker.
            return

    async def _act(self, document: Document, job_id: str, before: Facts, outcome: Outcome) -> None:
        await self._store.note(Run(document.id, job_id, outcome.firings, now()))
        amended = await self._documents.amend(document.id, job_id, _amendment(before, outcome.after))
        if amended is None:
            return
        await self._review(document.id, before, outcome)
        for endpoint_id, rule_id in outcome.after.webhooks:
            rule = next(firing for firing in outcome.firings if firing.rule_id == rule_id)
            named = {"id": rule.rule_id, "name": rule.name, "version": rule.rule_version}
            told = document_message(Event.RULE_MATCHED, amended, now(), rule=named)
            await self._deliveries.tell(endpoint_id, told, f"{document.id}/{job_id}/{rule_id}")

    async def _review(self, document_id: str, before: Facts, outcome: Outcome) -> None:
        after = outcome.after
        said = after.approved != before.approved or after.review_state != before.review_state
        assignee = after.assignee if after.assignee != before.assignee else None
        if not said and assignee is None:
            return
        names = ", ".join(firing.name for firing in outcome.firings)
        state = ReviewState(after.review_state) if said else None
        await self._reviews.ruled(document_id, state=state, assigned_to=assignee, note=names)


async def facts_for(rules: Sequence[Rule], document: Document, documents: DocumentStore) -> Facts:
    """What these rules see of a document; its text is fetched only where one of them looks at it."""
    text = await documents.text(document.id) if engine.needs_text(rules) else ""
    return facts_of(document, await asyncio.to_thread(engine.plain_text, text))


def facts_of(document: Document, text: str = "") -> Facts:
    """What rules see of a document; `text` is as `engine.plain_text` gives it."""
    data = document.reading.extracted_data if document.reading else {}
    kinds = [document.type.value if document.type else "", str(data.get("documentType", ""))]
    return Facts(
        vendor=_value(data, "vendor"),
        types=tuple(dict.fromkeys(kind for kind in kinds if kind)),
        total=_amount(_value(data, "total")),
        currency=_value(data, "currency"),
        confidence=min(_confidence(data, name) for name in _SURE_OF),
        text=text,
        uploaded_by=document.uploaded_by,
        tags=tuple(document.tags),
        review_state=document.review_state.value if document.review_state else "",
        metadata=dict(document.metadata),
    )


def _amendment(before: Facts, after: Facts) -> Amendment:
    there = before.metadata or {}
    return Amendment(
        add_tags=[tag for tag in after.tags if tag not in before.tags],
        remove_tags=[tag for tag in before.tags if tag not in after.tags],
        type=DocumentType(after.types[0]) if after.types != before.types else None,
        metadata={key: value for key, value in (after.metadata or {}).items() if there.get(key) != value},
    )


def _value(data: Any, name: str) -> str:
    field = data.get(name)
    return str(field.get("value", "")) if field else ""


def _confidence(data: Any, name: str) -> Decimal:
    field = data.get(name)
    return Decimal(str(round(float(field.get("confidence", 0)), 4))) if field else Decimal(0)


def _amount(value: str) -> Decimal | None:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
