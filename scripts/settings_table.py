"""Writes the table of settings into docs/operations.md, from the settings classes themselves (`make settings`)."""

import importlib
import sys
from pathlib import Path

from automateiq_core.settings import ServiceSettings
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
BEGIN, END = "<!-- settings: begin (make settings) -->", "<!-- settings: end -->"
CLASSES = {
    "gateway": ("automateiq_gateway.settings", "GatewaySettings"),
    "identity": ("automateiq_identity.settings", "IdentitySettings"),
    "documents": ("automateiq_documents.settings", "DocumentsSettings"),
    "ai-ocr": ("automateiq_ocr.settings", "OcrSettings"),
    "billing": ("automateiq_billing.settings", "BillingSettings"),
}


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable of a field."""
    alias = field.validation_alias
    choices = getattr(alias, "choices", None)
    return str(choices[0]) if choices else f"AUTOMATEIQ_{name.upper()}"


def default(field: FieldInfo) -> str:
    """The default as one would write it in the environment."""
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, tuple | list):
        value = ",".join(str(part) for part in value)
    value = getattr(value, "value", value)
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`" if str(value) else "empty"


def rows(service: str, fields: dict[str, FieldInfo]) -> list[str]:
    """One table row a field."""
    return [
        f"| `{variable(name, field)}` | {service} | {default(field)} | {field.description} |"
        for name, field in sorted(fields.items())
    ]


def table() -> str:
    """The whole table."""
    lines = ["| variable | read by | default | what it does |", "|---|---|---|---|"]
    lines += rows("all", dict(ServiceSettings.model_fields))
    for service, (module, name) in CLASSES.items():
        settings: type[ServiceSettings] = getattr(importlib.import_module(module), name)
        own = {
            field: info
            for field, info in settings.model_fields.items()
            if info.default != getattr(ServiceSettings.model_fields.get(field), "default", object())
        }
        lines += rows(service, own)
    return "\n".join(lines)


def page() -> str:
    """The page with a fresh table."""
    before, rest = PAGE.read_text().split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    fresh = page()
    if "--check" in sys.argv and fresh != PAGE.read_text():
        sys.exit("docs/operations.md is not current: run make settings")
    PAGE.write_text(fresh)
