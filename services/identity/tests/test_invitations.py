import asyncio
from datetime import timedelta
from typing import Any

import pytest
from automateiq.identity.v1 import accounts_pb2
from automateiq_core.context import Role
from automateiq_core.errors import (
    AlreadyExists,
    InvalidInput,
    NotFound,
    PermissionDenied,
    Unauthenticated,
)
from automateiq_core.mongo import ObjectId
from automateiq_core.testing import calling
from automateiq_identity.accounts.models import Role as MemberRole
from automateiq_identity.accounts.models import User, now
from automateiq_identity.accounts.service import Acceptance
from automateiq_identity.accounts.store import Clash

PASSWORD = "correct horse battery"


async def test_an_invited_person_becomes_a_member(identity: Any) -> None:
    admin = await identity.register()
    invited = await identity.invite(admin.tokens, "Grace@Example.com", accounts_pb2.ROLE_MANAGER)
    assert invited.invitation.email == "grace@example.com"
    assert invited.invitation.role == accounts_pb2.ROLE_MANAGER
    member = await identity.accept(invited.token)
    assert member.user.email == "grace@example.com"
    assert member.user.role == accounts_pb2.ROLE_MANAGER
    assert not member.user.is_email_verified
    assert member.organization == admin.organization
    assert (await identity.me(member.tokens)).user == member.user
    assert (await identity.login("grace@example.com")).user.id == member.user.id


@pytest.mark.parametrize("role", [Role.MANAGER, Role.STAFF, Role.SYSTEM])
async def test_only_an_admin_invites(identity: Any, role: Role) -> None:
    with calling(role=role, caller="gateway"), pytest.raises(PermissionDenied):
        await identity.accounts.InviteMember(
            accounts_pb2.InviteMemberRequest(email="grace@example.com", role=accounts_pb2.ROLE_STAFF)
        )


@pytest.mark.parametrize("role", [Role.MANAGER, Role.STAFF, Role.ANONYMOUS])
async def test_the_boundary_refuses_it_too(
    running_service: Any, internal_keys: Any, signing_key: Any, role: Role
) -> None:
    """The client side refuses before it sends; a client that does not is refused by the service."""
    import grpc
    from automateiq.identity.v1 import accounts_pb2_grpc
    from automateiq_core.context import CallContext
    from automateiq_core.internal_token import METADATA_KEY, TokenSigner
    from automateiq_identity.main import SERVICE

    signer = TokenSigner.from_file("gateway", internal_keys / "gateway.pem")
    token = signer.sign(CallContext("gateway", role, "0" * 24, "1" * 24), "identity")
    async with (
        running_service(SERVICE, access_token_key_file=signing_key) as target,
        grpc.aio.insecure_channel(target) as channel,
    ):
        stub = accounts_pb2_grpc.AccountsServiceStub(channel)
        request = accounts_pb2.InviteMemberRequest(email="g@example.com", role=accounts_pb2.ROLE_STAFF)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.InviteMember(request, metadata=((METADATA_KEY, token),))
    expected = "UNAUTHENTICATED" if role is Role.ANONYMOUS else "PERMISSION_DENIED"
    assert refused.value.code().name == expected


async def test_an_address_with_an_account_is_not_invited(identity: Any) -> None:
    admin = await identity.register()
    await identity.register("eve@example.com")
    for email in ("ada@example.com", "EVE@example.com"):
        with pytest.raises(AlreadyExists) as refused:
            await identity.invite(admin.tokens, email)
        assert refused.value.reason == "EMAIL_TAKEN"


async def test_a_second_invitation_replaces_the_first(identity: Any) -> None:
    admin = await identity.register()
    first = await identity.invite(admin.tokens, "grace@example.com")
    second = await identity.invite(admin.tokens, "grace@example.com", accounts_pb2.ROLE_ADMIN)
    assert first.token != second.token
    with pytest.raises(NotFound) as replaced:
        await identity.accept(first.token)
    assert replaced.value.reason == "INVITATION_INVALID"
    assert (await identity.accept(second.token)).user.role == accounts_pb2.ROLE_ADMIN


async def test_of_many_invitations_at_once_one_is_open(parts: Any, nobody: Any) -> None:
    made = await parts.register()
    with calling(organization_id=made.organization.id, user_id=made.user.id):
        invited = await asyncio.gather(
            *(parts.accounts.invite_member("grace@example.com", MemberRole.STAFF) for _ in range(6))
        )
    async with parts.change("invitations") as invitations:
        assert await invitations.count({"status": "pending"}) == 1
    with nobody():
        accepted = await asyncio.gather(
            *(
                parts.accounts.accept_invitation(Acceptance(token, PASSWORD, "Grace", "Hopper"))
                for _, token in invited
            ),
            return_exceptions=True,
        )
    assert [getattr(result, "reason", "accepted") for result in accepted].count("accepted") == 1


async def test_a_repeated_invitation_gives_the_same_token(identity: Any) -> None:
    admin = await identity.register()
    first = await identity.invite(admin.tokens, "grace@example.com", request_id="key")
    again = await identity.invite(admin.tokens, "grace@example.com", request_id="key")
    assert again == first
    await identity.accept(first.token)


async def test_a_late_repeat_does_not_revive_a_replaced_invitation(identity: Any) -> None:
    admin = await identity.register()
    first = await identity.invite(admin.tokens, "grace@example.com", request_id="key")
    second = await identity.invite(admin.tokens, "grace@example.com")
    assert await identity.invite(admin.tokens, "grace@example.com", request_id="key") == first
    with pytest.raises(NotFound):
        await identity.accept(first.token)
    await identity.accept(second.token)


async def test_an_invitation_is_accepted_once(identity: Any) -> None:
    admin = await identity.register()
    invited = await identity.invite(admin.tokens, "grace@example.com")
    results = await asyncio.gather(
        *(identity.accept(invited.token) for _ in range(5)), return_exceptions=True
    )
    assert [getattr(result, "reason", "accepted") for result in results].count("accepted") == 1
    with pytest.raises(NotFound) as used:
        await identity.accept(invited.token)
    assert used.value.reason == "INVITATION_INVALID"


async def test_a_repeated_acceptance_signs_in_again(identity: Any) -> None:
    admin = await identity.register()
    invited = await identity.invite(admin.tokens, "grace@example.com")
    first = await identity.accept(invited.token, request_id="key")
    again = await identity.accept(invited.token, request_id="key")
    assert again.user.id == first.user.id
    assert again.tokens.refresh_token != first.tokens.refresh_token
    with pytest.raises(InvalidInput) as other:
        await identity.accept(invited.token, request_id="key", password="another password")
    assert other.value.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_an_invitation_ends(make_parts: Any, nobody: Any) -> None:
    parts = await make_parts(invitation_lifetime=timedelta(0))
    made = await parts.register()
    with calling(organization_id=made.organization.id, user_id=made.user.id):
        _, token = await parts.accounts.invite_member("grace@example.com", MemberRole.STAFF)
    with nobody(), pytest.raises(NotFound) as ended:
        await parts.accounts.accept_invitation(Acceptance(token, PASSWORD, "Grace", "Hopper"))
    assert ended.value.reason == "INVITATION_INVALID"


async def test_forged_tokens_are_refused(identity: Any) -> None:
    admin = await identity.register()
    invited = await identity.invite(admin.tokens, "grace@example.com")
    known = invited.invitation.id
    for token in (
        "x",
        ".",
        known,
        f"{known}.",
        f"{known}.{'A' * 43}",
        invited.token[:-1],
        f"{invited.token}A",
    ):
        with pytest.raises(NotFound) as refused:
            await identity.accept(token)
        assert refused.value.reason == "INVITATION_INVALID"


async def test_who_got_an_account_meanwhile_is_told_so(identity: Any) -> None:
    admin = await identity.register()
    invited = await identity.invite(admin.tokens, "grace@example.com")
    await identity.register("grace@example.com")
    with pytest.raises(AlreadyExists) as taken:
        await identity.accept(invited.token)
    assert taken.value.reason == "EMAIL_TAKEN"


async def test_a_weak_password_does_not_use_up_the_invitation(identity: Any) -> None:
    admin = await identity.register()
    invited = await identity.invite(admin.tokens, "grace@example.com")
    for password in ("grace@example.com", "1234567890"):
        with pytest.raises(InvalidInput) as weak:
            await identity.accept(invited.token, password=password)
        assert weak.value.reason == "PASSWORD_WEAK"
    await identity.accept(invited.token)


async def test_two_organizations_do_not_see_or_replace_each_others_invitations(
    identity: Any, parts: Any
) -> None:
    ours, theirs = await identity.register(), await identity.register("eve@example.com")
    first = await identity.invite(ours.tokens, "grace@example.com", request_id="key")
    second = await identity.invite(theirs.tokens, "grace@example.com", request_id="key")
    assert first.invitation.id != second.invitation.id
    assert first.token != second.token
    member = await identity.accept(first.token)
    assert member.organization == ours.organization


async def test_the_store_gives_an_organization_its_own_invitations_only(parts: Any) -> None:
    made = await parts.register()
    with calling(organization_id=made.organization.id, user_id=made.user.id):
        invitation, _ = await parts.accounts.invite_member("grace@example.com", MemberRole.STAFF)
        assert await parts.store.own_invitation(invitation.id) == invitation
    with calling():
        assert await parts.store.own_invitation(invitation.id) is None


async def test_a_member_is_found_in_the_own_organization_only(parts: Any) -> None:
    ada, eve = await parts.register(), await parts.register("eve@example.com")
    with calling(organization_id=ada.organization.id, user_id=eve.user.id):
        with pytest.raises(Unauthenticated) as gone:
            await parts.accounts.me()
        assert gone.value.reason == "SIGN_IN_REQUIRED"
        assert await parts.store.member(ada.organization.id, ada.user.id) is not None
        assert await parts.store.member(ada.organization.id, eve.user.id) is None


async def test_an_invitation_replaced_while_it_is_being_accepted_is_not_accepted(
    parts: Any, nobody: Any
) -> None:
    made = await parts.register()
    with calling(organization_id=made.organization.id, user_id=made.user.id):
        first, _ = await parts.accounts.invite_member("grace@example.com", MemberRole.ADMIN)
        await parts.accounts.invite_member("grace@example.com", MemberRole.STAFF)
    at = now()
    grace = User(str(ObjectId()), first.email, "Grace", "Hopper", first.organization_id, first.role, at, at)
    with nobody():
        assert await parts.store.accept_invitation(first, grace, "hash", at) is Clash.INVITATION
        assert not await parts.store.is_email_taken("grace@example.com")


async def test_an_organization_that_is_switched_off_takes_nobody_in(parts: Any, nobody: Any) -> None:
    made = await parts.register()
    with calling(organization_id=made.organization.id, user_id=made.user.id):
        _, token = await parts.accounts.invite_member("grace@example.com", MemberRole.STAFF)
    async with parts.change("organizations") as organizations:
        await organizations.update_one({}, {"$set": {"isActive": False}})
    with nobody(), pytest.raises(PermissionDenied) as refused:
        await parts.accounts.accept_invitation(Acceptance(token, PASSWORD, "Grace", "Hopper"))
    assert refused.value.reason == "ORGANIZATION_INACTIVE"
