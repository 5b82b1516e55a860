"""Settings of identity."""

from datetime import timedelta
from pathlib import Path

from automateiq_core.settings import ServiceSettings
from pydantic import Field


class IdentitySettings(ServiceSettings):
    """What identity needs beside what every service needs."""

    access_token_key_file: Path = Field(
        Path("/run/secrets/identity-signing.pem"),
        description="The Ed25519 key that access tokens are signed with (PKCS#8 PEM)",
    )
    published_keys_dir: Path | None = Field(
        None,
        description="Folder with <any name>.pub.pem of further keys that access tokens may be signed with: "
        "those that were in use a moment ago, and those that soon will be",
    )
    access_token_minutes: float = Field(15, gt=0, description="How long an access token is good")
    refresh_token_days: float = Field(30, gt=0, description="How long a session lives without being used")
    refresh_grace_seconds: float = Field(
        10, ge=0, description="How long a rotated refresh token is still forgiven, for two tabs that race"
    )
    invitation_days: float = Field(7, gt=0, description="How long an invitation can be accepted")
    login_attempts: int = Field(
        10, ge=1, description="How many wrong passwords an address may have in a window before it must wait"
    )
    login_window_minutes: float = Field(
        15, gt=0, description="The window in which wrong passwords are counted"
    )
    password_threads: int = Field(
        2, ge=1, description="How many passwords are hashed at once; each takes 19 MiB and one core"
    )

    @property
    def access_token_lifetime(self) -> timedelta:
        """How long an access token is good."""
        return timedelta(minutes=self.access_token_minutes)

    @property
    def session_lifetime(self) -> timedelta:
        """How long a session lives without being used."""
        return timedelta(days=self.refresh_token_days)

    @property
    def refresh_grace(self) -> timedelta:
        """How long a rotated refresh token is still forgiven."""
        return timedelta(seconds=self.refresh_grace_seconds)

    @property
    def invitation_lifetime(self) -> timedelta:
        """How long an invitation can be accepted."""
        return timedelta(days=self.invitation_days)

    @property
    def login_window(self) -> timedelta:
        """The window in which wrong passwords are counted."""
        return timedelta(minutes=self.login_window_minutes)
