"""Who looks across tenants. A new line here is a decision: say in the code why, and have it reviewed."""

from tests.contract.source import calls_of, modules

ESCAPES: dict[str, int] = {
    "libs/core/src/automateiq_core/idempotency.py": 1,
    "libs/core/src/automateiq_core/tasks.py": 1,
    # Who signs in is known by address only, and who accepts an invitation by its token.
    "services/identity/src/automateiq_identity/accounts/store.py": 2,
    # The sweeps: results not charged yet, and files that a crash left without a document.
    "services/documents/src/automateiq_documents/documents/store.py": 2,
    # The sweep that lets waiting documents through, and the metrics of what waits.
    "services/documents/src/automateiq_documents/documents/turn_store.py": 1,
    # The sweeps over balances and holds, and the check that goes over all ledgers.
    "services/billing/src/automateiq_billing/credits/store.py": 3,
}


def test_only_these_look_across_tenants() -> None:
    found = {path: len(list(calls_of(tree, "across_tenants"))) for path, tree in modules()}
    assert {path: count for path, count in found.items() if count} == ESCAPES


def test_nobody_reaches_around_core_to_the_database() -> None:
    for path, tree in modules():
        if path.endswith("automateiq_core/mongo.py"):
            continue
        for name in ("get_collection", "get_database", "_database", "_client", "_collection"):
            for call in calls_of(tree, name):
                raise AssertionError(f"{path}:{call.lineno} calls {name}")
