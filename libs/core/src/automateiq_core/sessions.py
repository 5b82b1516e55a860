"""What identity and the gateway agree on: where a session lies in Redis, and what an access token says.

Identity writes both, the gateway reads both, on every request: an access token is believed while its signature and
times are good AND the key `session_key(sid)` exists. Deleting that key is how a session is revoked at once, so
nobody but identity may write it.
"""

ACCESS_TOKEN_ISSUER = "automateiq-identity"  # noqa: S105
ACCESS_TOKEN_AUDIENCE = "automateiq"  # noqa: S105
ACCESS_TOKEN_ALGORITHM = "EdDSA"  # noqa: S105

# `sub` is the user's id, as in any JWT.
CLAIM_ORGANIZATION = "org"
CLAIM_ROLE = "role"
CLAIM_SESSION = "sid"
ACCESS_TOKEN_CLAIMS = (
    "iss",
    "aud",
    "sub",
    CLAIM_ORGANIZATION,
    CLAIM_ROLE,
    CLAIM_SESSION,
    "iat",
    "exp",
    "jti",
)


def session_key(session_id: str) -> str:
    """The Redis hash of a session. It exists exactly as long as the session lives."""
    return f"session:{session_id}"


def user_sessions_key(user_id: str) -> str:
    """The Redis sorted set of a user's session ids, by their end in milliseconds. An index only: some may be gone."""
    return f"user-sessions:{user_id}"
