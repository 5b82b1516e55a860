import stat
from pathlib import Path

from automateiq_local import keys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key


def test_each_caller_has_a_pair_that_fits_and_identity_a_key_of_its_own(tmp_path: Path) -> None:
    keys.ensure_keys(tmp_path)
    publics = keys.internal_public_keys(tmp_path)
    assert {path.name for path in publics.glob("*.pub.pem")} == {
        f"{caller}.pub.pem" for caller in ("gateway", "identity", "documents", "ocr", "billing")
    }
    for caller in keys.CALLERS:
        private = load_pem_private_key(keys.internal_private_key(tmp_path, caller).read_bytes(), None)
        public = load_pem_public_key((publics / f"{caller}.pub.pem").read_bytes())
        assert isinstance(private, Ed25519PrivateKey) and isinstance(public, Ed25519PublicKey)
        public.verify(private.sign(b"message"), b"message")
    assert load_pem_private_key(keys.access_token_key(tmp_path).read_bytes(), None)
    made = [path.read_bytes() for path in sorted(tmp_path.rglob("*.pem"))]
    assert len(set(made)) == len(made) == 11


def test_private_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    keys.ensure_keys(tmp_path)
    for path in [keys.access_token_key(tmp_path), *(tmp_path / "internal").glob("*.pem")]:
        expected = 0o644 if path.name.endswith(".pub.pem") else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected


def test_a_second_start_keeps_the_keys_and_leaves_no_other_file(tmp_path: Path) -> None:
    keys.ensure_keys(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    keys.ensure_keys(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_lost_private_key_gets_a_new_pair(tmp_path: Path) -> None:
    keys.ensure_keys(tmp_path)
    keys.internal_private_key(tmp_path, "ocr").unlink()
    old_public = (tmp_path / "internal" / "ocr.pub.pem").read_bytes()
    keys.ensure_keys(tmp_path)
    assert (tmp_path / "internal" / "ocr.pub.pem").read_bytes() != old_public
