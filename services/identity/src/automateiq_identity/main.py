"""The identity service: `python -m automateiq_identity.main serve | migrate`."""

from automateiq.identity.v1.accounts_pb2_grpc import add_AccountsServiceServicer_to_server
from automateiq.identity.v1.sessions_pb2_grpc import add_SessionsServiceServicer_to_server
from automateiq_core.process import Service, Servicer, Wiring, main
from automateiq_core.runtime import Runtime

from automateiq_identity.accounts.engine import InvitationTokens, Passwords
from automateiq_identity.accounts.service import AccountsService
from automateiq_identity.accounts.servicer import AccountsServicer
from automateiq_identity.accounts.store import AccountsStore
from automateiq_identity.sessions.models import Policy
from automateiq_identity.sessions.service import SessionsService
from automateiq_identity.sessions.servicer import SessionsServicer
from automateiq_identity.sessions.store import SessionStore
from automateiq_identity.sessions.tokens import AccessTokens
from automateiq_identity.settings import IdentitySettings


def wire(runtime: Runtime) -> Wiring:
    """Puts the service together."""
    settings = runtime.settings
    if not isinstance(settings, IdentitySettings):
        raise TypeError("identity runs on IdentitySettings")
    accounts_store = AccountsStore(runtime.mongo)
    session_store = SessionStore(settings.redis_url, runtime.signer.secret_for("refresh-tokens"))
    passwords = Passwords(threads=settings.password_threads)
    access_tokens = AccessTokens.from_files(
        settings.access_token_key_file, settings.access_token_lifetime, settings.published_keys_dir
    )
    policy = Policy(
        session_lifetime=settings.session_lifetime,
        refresh_grace=settings.refresh_grace,
        login_attempts=settings.login_attempts,
        login_window=settings.login_window,
    )
    sessions = SessionsService(session_store, accounts_store, passwords, access_tokens, policy)
    accounts = AccountsService(
        accounts_store,
        sessions,
        passwords,
        InvitationTokens(access_tokens.derived_key("invitation-tokens")),
        invitation_lifetime=settings.invitation_lifetime,
    )

    async def stop() -> None:
        passwords.close()
        await session_store.close()

    return Wiring(
        servicers=(
            Servicer(
                add_AccountsServiceServicer_to_server,
                AccountsServicer(accounts),
                "automateiq.identity.v1.AccountsService",
            ),
            Servicer(
                add_SessionsServiceServicer_to_server,
                SessionsServicer(sessions),
                "automateiq.identity.v1.SessionsService",
            ),
        ),
        migrate=accounts_store.ensure_indexes,
        stop=stop,
    )


SERVICE = Service(name="identity", settings=IdentitySettings, wire=wire)

if __name__ == "__main__":
    main(SERVICE)
