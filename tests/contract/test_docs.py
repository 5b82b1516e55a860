"""What the docs say is what the code says."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import settings_table  # noqa: E402


def test_the_table_of_settings_is_current() -> None:
    assert settings_table.page() == settings_table.PAGE.read_text(), "run make settings"


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [
        path
        for path in ROOT.rglob("*.md")
        if not {".venv", ".venv-easyocr", ".local", "node_modules"} & set(path.parts)
    ]
    assert len(pages) > 10
    for page in pages:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_every_make_target_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")]:
        named = set(re.findall(r"`make ([a-z-]+)`", page.read_text()))
        assert named <= targets, f"{page.name}: {named - targets}"
