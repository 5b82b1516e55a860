"""The one permission table: which method needs which permission, which role has it, which service may call it.

The gateway checks it before it sends a call, and the Boundary of each service checks it again. A method that is
not in the table is refused, and a test fails for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from automateiq_core.context import CallContext, Role
from automateiq_core.errors import PermissionDenied, Unauthenticated


class Permission(StrEnum):
    """What can be allowed."""

    PUBLIC = "public"
    ACCOUNT_USE = "account.use"
    MEMBERS_INVITE = "members.invite"
    DOCUMENTS_READ = "documents.read"
    DOCUMENTS_WRITE = "documents.write"
    DOCUMENTS_PROCESS = "documents.process"
    DOCUMENTS_DELETE = "documents.delete"
    WEBHOOKS_MANAGE = "webhooks.manage"
    RULES_MANAGE = "rules.manage"
    REVIEW_READ = "review.read"
    REVIEW_WRITE = "review.write"
    REVIEW_MANAGE = "review.manage"
    RECOGNITION_USE = "recognition.use"
    CREDITS_READ = "credits.read"
    CREDITS_SPEND = "credits.spend"
    LEDGER_READ = "ledger.read"


_EVERY_USER = frozenset({Role.ADMIN, Role.MANAGER, Role.STAFF})
_EVERYBODY = frozenset(Role)
_USERS_AND_SERVICES = _EVERY_USER | {Role.SYSTEM}

ROLES: Mapping[Permission, frozenset[Role]] = {
    Permission.PUBLIC: _EVERYBODY,
    Permission.ACCOUNT_USE: _EVERY_USER,
    Permission.MEMBERS_INVITE: frozenset({Role.ADMIN}),
    Permission.DOCUMENTS_READ: _EVERY_USER,
    Permission.DOCUMENTS_WRITE: _EVERY_USER,
    Permission.DOCUMENTS_PROCESS: _EVERY_USER,
    Permission.DOCUMENTS_DELETE: frozenset({Role.ADMIN, Role.MANAGER}),
    Permission.WEBHOOKS_MANAGE: frozenset({Role.ADMIN, Role.MANAGER}),
    Permission.RULES_MANAGE: frozenset({Role.ADMIN, Role.MANAGER}),
    Permission.REVIEW_READ: _EVERY_USER,
    Permission.REVIEW_WRITE: _EVERY_USER,
    Permission.REVIEW_MANAGE: frozenset({Role.ADMIN, Role.MANAGER}),
    Permission.RECOGNITION_USE: _USERS_AND_SERVICES,
    Permission.CREDITS_READ: _USERS_AND_SERVICES,
    Permission.CREDITS_SPEND: _USERS_AND_SERVICES,
    Permission.LEDGER_READ: frozenset({Role.ADMIN, Role.MANAGER}),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call a method: users and services with the permission, through one of the callers.

    A method whose answer holds a secret (tokens) is never answered from the store of keyed calls: it runs again.
    """

    permission: Permission
    callers: frozenset[str] = frozenset({"gateway"})
    secret_answer: bool = False


_FROM_DOCUMENTS = frozenset({"documents"})
_FROM_GATEWAY_AND_DOCUMENTS = frozenset({"gateway", "documents"})

METHODS: Mapping[str, Rule] = {
    "/automateiq.identity.v1.AccountsService/Register": Rule(Permission.PUBLIC, secret_answer=True),
    "/automateiq.identity.v1.AccountsService/AcceptInvitation": Rule(Permission.PUBLIC, secret_answer=True),
    "/automateiq.identity.v1.AccountsService/GetMe": Rule(Permission.ACCOUNT_USE),
    "/automateiq.identity.v1.AccountsService/InviteMember": Rule(
        Permission.MEMBERS_INVITE, secret_answer=True
    ),
    "/automateiq.identity.v1.SessionsService/Login": Rule(Permission.PUBLIC),
    "/automateiq.identity.v1.SessionsService/RefreshSession": Rule(Permission.PUBLIC),
    "/automateiq.identity.v1.SessionsService/Logout": Rule(Permission.ACCOUNT_USE),
    "/automateiq.identity.v1.SessionsService/GetSigningKeys": Rule(Permission.PUBLIC),
    "/automateiq.documents.v1.DocumentsService/UploadDocument": Rule(Permission.DOCUMENTS_WRITE),
    "/automateiq.documents.v1.DocumentsService/ListDocuments": Rule(Permission.DOCUMENTS_READ),
    "/automateiq.documents.v1.DocumentsService/GetDocument": Rule(Permission.DOCUMENTS_READ),
    "/automateiq.documents.v1.DocumentsService/DownloadDocument": Rule(Permission.DOCUMENTS_READ),
    "/automateiq.documents.v1.DocumentsService/ProcessDocument": Rule(Permission.DOCUMENTS_PROCESS),
    "/automateiq.documents.v1.DocumentsService/CancelProcessing": Rule(Permission.DOCUMENTS_PROCESS),
    "/automateiq.documents.v1.DocumentsService/WatchDocument": Rule(Permission.DOCUMENTS_READ),
    "/automateiq.documents.v1.DocumentsService/DeleteDocument": Rule(Permission.DOCUMENTS_DELETE),
    "/automateiq.documents.v1.AssemblyService/ProposeSplit": Rule(Permission.DOCUMENTS_READ),
    "/automateiq.documents.v1.AssemblyService/SplitDocument": Rule(Permission.DOCUMENTS_WRITE),
    "/automateiq.documents.v1.AssemblyService/MergeDocuments": Rule(Permission.DOCUMENTS_WRITE),
    # Removes only what a split or merge made and nobody worked on since.
    "/automateiq.documents.v1.AssemblyService/UndoAssembly": Rule(Permission.DOCUMENTS_WRITE),
    "/automateiq.documents.v1.BatchesService/QuoteBatch": Rule(Permission.DOCUMENTS_READ),
    "/automateiq.documents.v1.BatchesService/StartBatch": Rule(Permission.DOCUMENTS_PROCESS),
    "/automateiq.documents.v1.BatchesService/GetBatch": Rule(Permission.DOCUMENTS_READ),
    "/automateiq.documents.v1.BatchesService/CancelBatch": Rule(Permission.DOCUMENTS_PROCESS),
    "/automateiq.documents.v1.DuplicatesService/DismissDuplicate": Rule(Permission.DOCUMENTS_WRITE),
    "/automateiq.documents.v1.WebhooksService/CreateEndpoint": Rule(
        Permission.WEBHOOKS_MANAGE, secret_answer=True
    ),
    "/automateiq.documents.v1.WebhooksService/ListEndpoints": Rule(Permission.WEBHOOKS_MANAGE),
    "/automateiq.documents.v1.WebhooksService/GetEndpoint": Rule(Permission.WEBHOOKS_MANAGE),
    "/automateiq.documents.v1.WebhooksService/UpdateEndpoint": Rule(Permission.WEBHOOKS_MANAGE),
    "/automateiq.documents.v1.WebhooksService/DeleteEndpoint": Rule(Permission.WEBHOOKS_MANAGE),
    "/automateiq.documents.v1.WebhooksService/RotateSecret": Rule(
        Permission.WEBHOOKS_MANAGE, secret_answer=True
    ),
    "/automateiq.documents.v1.WebhooksService/SendPing": Rule(Permission.WEBHOOKS_MANAGE),
    "/automateiq.documents.v1.WebhooksService/ListDeliveries": Rule(Permission.WEBHOOKS_MANAGE),
    "/automateiq.documents.v1.WebhooksService/ReplayDelivery": Rule(Permission.WEBHOOKS_MANAGE),
    "/automateiq.documents.v1.WebhooksService/ReplayDeliveries": Rule(Permission.WEBHOOKS_MANAGE),
    "/automateiq.documents.v1.ExportsService/ExportDocuments": Rule(Permission.DOCUMENTS_READ),
    "/automateiq.documents.v1.RulesService/CreateRule": Rule(Permission.RULES_MANAGE),
    "/automateiq.documents.v1.RulesService/ListRules": Rule(Permission.RULES_MANAGE),
    "/automateiq.documents.v1.RulesService/GetRule": Rule(Permission.RULES_MANAGE),
    "/automateiq.documents.v1.RulesService/UpdateRule": Rule(Permission.RULES_MANAGE),
    "/automateiq.documents.v1.RulesService/DeleteRule": Rule(Permission.RULES_MANAGE),
    "/automateiq.documents.v1.RulesService/OrderRules": Rule(Permission.RULES_MANAGE),
    "/automateiq.documents.v1.RulesService/TestRule": Rule(Permission.RULES_MANAGE),
    "/automateiq.documents.v1.RulesService/ListRuleVersions": Rule(Permission.RULES_MANAGE),
    "/automateiq.documents.v1.RulesService/ListRuleRuns": Rule(Permission.DOCUMENTS_READ),
    "/automateiq.documents.v1.ReviewService/GetReview": Rule(Permission.REVIEW_READ),
    "/automateiq.documents.v1.ReviewService/CorrectFields": Rule(Permission.REVIEW_WRITE),
    "/automateiq.documents.v1.ReviewService/UndoCorrection": Rule(Permission.REVIEW_WRITE),
    "/automateiq.documents.v1.ReviewService/ConfirmReview": Rule(Permission.REVIEW_WRITE),
    "/automateiq.documents.v1.ReviewService/RejectReview": Rule(Permission.REVIEW_WRITE),
    "/automateiq.documents.v1.ReviewService/ReopenReview": Rule(Permission.REVIEW_WRITE),
    "/automateiq.documents.v1.ReviewService/AssignReview": Rule(Permission.REVIEW_WRITE),
    "/automateiq.documents.v1.ReviewService/ListReviews": Rule(Permission.REVIEW_READ),
    "/automateiq.documents.v1.ReviewService/CountReviews": Rule(Permission.REVIEW_READ),
    "/automateiq.documents.v1.ReviewService/GetReviewNeighbours": Rule(Permission.REVIEW_READ),
    "/automateiq.documents.v1.ReviewService/GetReviewSettings": Rule(Permission.REVIEW_READ),
    "/automateiq.documents.v1.ReviewService/UpdateReviewSettings": Rule(Permission.REVIEW_MANAGE),
    "/automateiq.documents.v1.ReviewService/ListVendorMemories": Rule(Permission.REVIEW_READ),
    "/automateiq.documents.v1.ReviewService/GetVendorMemory": Rule(Permission.REVIEW_READ),
    "/automateiq.documents.v1.ReviewService/UpdateVendorMemory": Rule(Permission.REVIEW_MANAGE),
    "/automateiq.documents.v1.ReviewService/DeleteVendorMemory": Rule(Permission.REVIEW_MANAGE),
    "/automateiq.documents.v1.ViewsService/GetPageImage": Rule(Permission.DOCUMENTS_READ),
    "/automateiq.documents.v1.ViewsService/ExportReading": Rule(Permission.DOCUMENTS_READ),
    "/automateiq.ocr.v1.RecognitionService/InspectDocument": Rule(
        Permission.RECOGNITION_USE, _FROM_DOCUMENTS
    ),
    "/automateiq.ocr.v1.RecognitionService/RecognizeDocument": Rule(
        Permission.RECOGNITION_USE, _FROM_DOCUMENTS
    ),
    "/automateiq.ocr.v1.RenderingService/RenderPage": Rule(Permission.RECOGNITION_USE, _FROM_DOCUMENTS),
    "/automateiq.ocr.v1.RenderingService/MakeSearchablePdf": Rule(
        Permission.RECOGNITION_USE, _FROM_DOCUMENTS
    ),
    "/automateiq.billing.v1.CreditsService/QuoteCredits": Rule(
        Permission.CREDITS_READ, _FROM_GATEWAY_AND_DOCUMENTS
    ),
    "/automateiq.billing.v1.CreditsService/ReserveCredits": Rule(Permission.CREDITS_SPEND, _FROM_DOCUMENTS),
    "/automateiq.billing.v1.CreditsService/SettleCredits": Rule(Permission.CREDITS_SPEND, _FROM_DOCUMENTS),
    "/automateiq.billing.v1.CreditsService/ReleaseCredits": Rule(Permission.CREDITS_SPEND, _FROM_DOCUMENTS),
    "/automateiq.billing.v1.CreditsService/GetBalance": Rule(Permission.CREDITS_READ),
    "/automateiq.billing.v1.CreditsService/ListTransactions": Rule(Permission.LEDGER_READ),
}


def require(method: str, context: CallContext) -> None:
    """Lets the call through or raises.

    Raises:
        Unauthenticated: the method wants somebody who has signed in.
        PermissionDenied: the caller's role or service may not call the method, or nobody may.
    """
    rule = METHODS.get(method)
    if rule is None or context.caller not in rule.callers:
        raise PermissionDenied("CALLER_NOT_ALLOWED", "This service may not call this method.", method=method)
    require_permission(rule.permission, context)


def require_permission(permission: Permission, context: CallContext) -> None:
    """Lets a caller with the permission through or raises; `require` does this for a method."""
    if context.role in ROLES[permission]:
        if permission is Permission.PUBLIC or context.organization_id:
            return
        raise Unauthenticated("SIGN_IN_REQUIRED", "Sign in first.")
    if context.role is Role.ANONYMOUS:
        raise Unauthenticated("SIGN_IN_REQUIRED", "Sign in first.")
    raise PermissionDenied(
        "ROLE_NOT_ALLOWED",
        f"Your role, {context.role.value}, does not allow this. Ask an admin of your organization.",
        permission=permission.value,
    )
