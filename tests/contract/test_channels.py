"""Calls run one way: the channels that each service opens are those of docs/architecture.md, without a loop."""

import ast
from collections import defaultdict
from graphlib import TopologicalSorter

from tests.contract.source import calls_of, modules

ARROWS = {
    "gateway": {"identity", "documents", "billing", "ocr"},
    "documents": {"ocr", "billing"},
    "identity": set(),
    "ocr": set(),
    "billing": set(),
}


def test_each_service_opens_only_its_own_arrows() -> None:
    opened: dict[str, set[str]] = defaultdict(set)
    for path, tree in modules():
        if not path.startswith("services/"):
            continue
        service = path.split("/src/automateiq_")[1].split("/")[0]
        named = [*calls_of(tree, "peer"), *(node for node in ast.walk(tree) if _makes_peer(node))]
        for call in named:
            assert isinstance(call, ast.Call)
            assert isinstance(call.args[0], ast.Constant), f"{path}: name the service in plain text"
            opened[service].add(str(call.args[0].value))
    assert opened["documents"] == ARROWS["documents"]
    for service, targets in opened.items():
        assert targets <= ARROWS[service], service


def _makes_peer(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Peer"


def test_the_arrows_make_no_loop() -> None:
    assert list(TopologicalSorter(ARROWS).static_order())
