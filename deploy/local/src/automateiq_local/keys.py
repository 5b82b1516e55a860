"""The signing keys of the fleet: made at the first start, kept from then on."""

import os
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

CALLERS = ("gateway", "identity", "documents", "ocr", "billing")


def internal_private_key(folder: Path, caller: str) -> Path:
    """The key that `caller` signs its internal tokens with (PKCS#8 PEM)."""
    return internal_public_keys(folder) / f"{caller}.pem"


def internal_public_keys(folder: Path) -> Path:
    """The folder with `<caller>.pub.pem` of every caller."""
    return folder / "internal"


def access_token_key(folder: Path) -> Path:
    """The key that identity signs users' access tokens with (PKCS#8 PEM)."""
    return folder / "identity-signing.pem"


def ensure_keys(folder: Path, callers: tuple[str, ...] = CALLERS) -> None:
    """Make the Ed25519 keys that are missing in `folder`; those that are there stay as they are."""
    internal_public_keys(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    _ensure_private_key(access_token_key(folder))
    for caller in callers:
        private = _ensure_private_key(internal_private_key(folder, caller))
        public = internal_public_keys(folder) / f"{caller}.pub.pem"
        pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        # Also where one is there that belongs to another private key, say after that one was deleted.
        if not public.is_file() or public.read_bytes() != pem:
            _write(public, pem, mode=0o644)


def _ensure_private_key(path: Path) -> Ed25519PrivateKey:
    if not path.is_file():
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(path, pem, mode=0o600)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 private key; move it away to have a new one made")
    return key


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """All of the file or nothing of it, and never readable to others in between."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
