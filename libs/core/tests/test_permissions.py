"""The permission table and the protos name the same methods."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from automateiq.common.v1 import pagination_pb2
from automateiq_core import permissions
from automateiq_core.context import CallContext, Role
from automateiq_core.errors import PermissionDenied, Unauthenticated
from automateiq_core.permissions import METHODS, ROLES, Permission
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import MethodDescriptor


def methods_in_protos() -> Iterator[MethodDescriptor]:
    source = Path(pagination_pb2.__file__).parents[3]
    for stub in sorted((source / "automateiq").rglob("*_pb2.py")):
        module = importlib.import_module(".".join(stub.relative_to(source).with_suffix("").parts))
        for service in module.DESCRIPTOR.services_by_name.values():
            yield from service.methods


def test_every_method_has_an_entry_and_every_entry_a_method() -> None:
    named = {f"/{method.containing_service.full_name}/{method.name}" for method in methods_in_protos()}
    assert named == set(METHODS)


def test_every_permission_has_its_roles() -> None:
    assert set(ROLES) == set(Permission)


def test_every_keyed_write_can_be_sent_again() -> None:
    keyed = [method for method in methods_in_protos() if "request_id" in method.input_type.fields_by_name]
    assert keyed
    for method in keyed:
        level = method.GetOptions().idempotency_level
        assert level == descriptor_pb2.MethodOptions.IDEMPOTENT, method.full_name


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("method", METHODS)
def test_a_role_is_let_through_just_where_the_table_says(method: str, role: Role) -> None:
    rule = METHODS[method]
    call = CallContext(next(iter(rule.callers)), role, "" if role is Role.ANONYMOUS else "o")
    if role in ROLES[rule.permission]:
        permissions.require(method, call)
    else:
        wanted = Unauthenticated if role is Role.ANONYMOUS else PermissionDenied
        with pytest.raises(wanted):
            permissions.require(method, call)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(PermissionDenied):
        permissions.require("/automateiq.x.v1.X/Y", CallContext("gateway", Role.ADMIN, "o"))
