"""Writes `buf/validate/validate.proto` from the schema inside the installed `protovalidate` wheel.

The rules in our protos must mean what the validator at run time takes them to mean, so the schema is taken from
the very package that is pinned in `uv.lock`, and never drifts from it. The predefined CEL of the rules is left
out: the validator carries its own.
"""

from collections.abc import Iterator
from pathlib import Path

from google.protobuf import descriptor_pb2
from protovalidate._gen.buf.validate import validate_pb

_TYPES = {
    value: name.removeprefix("TYPE_").lower()
    for name, value in descriptor_pb2.FieldDescriptorProto.Type.items()
    if name not in {"TYPE_MESSAGE", "TYPE_ENUM", "TYPE_GROUP"}
}
_LABELS = {1: "optional ", 2: "required ", 3: "repeated "}


def _schema() -> descriptor_pb2.FileDescriptorProto:
    return descriptor_pb2.FileDescriptorProto.FromString(bytes(validate_pb.desc().proto.to_binary()))


def _field(field: descriptor_pb2.FieldDescriptorProto, *, in_oneof: bool) -> str:
    label = "" if in_oneof else _LABELS[field.label]
    kind = field.type_name or _TYPES[field.type]
    options = []
    if field.HasField("default_value"):
        options.append(f"default = {field.default_value}")
    if field.options.HasField("packed"):
        options.append(f"packed = {str(field.options.packed).lower()}")
    suffix = f" [{', '.join(options)}]" if options else ""
    return f"{label}{kind} {field.name} = {field.number}{suffix};"


def _enum(enum: descriptor_pb2.EnumDescriptorProto, indent: str) -> Iterator[str]:
    yield f"{indent}enum {enum.name} {{"
    for value in enum.value:
        yield f"{indent}  {value.name} = {value.number};"
    yield f"{indent}}}"


def _message(message: descriptor_pb2.DescriptorProto, indent: str = "") -> Iterator[str]:
    yield f"{indent}message {message.name} {{"
    inner = indent + "  "
    for enum in message.enum_type:
        yield from _enum(enum, inner)
    for nested in message.nested_type:
        yield from _message(nested, inner)
    for field in message.field:
        if not field.HasField("oneof_index"):
            yield inner + _field(field, in_oneof=False)
    for index, oneof in enumerate(message.oneof_decl):
        yield f"{inner}oneof {oneof.name} {{"
        for field in message.field:
            if field.HasField("oneof_index") and field.oneof_index == index:
                yield inner + "  " + _field(field, in_oneof=True)
        yield f"{inner}}}"
    for span in message.extension_range:
        end = "max" if span.end == 536870912 else str(span.end - 1)
        yield f"{inner}extensions {span.start} to {end};"
    for reserved in message.reserved_range:
        yield f"{inner}reserved {reserved.start} to {reserved.end - 1};"
    yield f"{indent}}}"


def render() -> str:
    """The schema as proto2 source."""
    schema = _schema()
    lines = [
        "// The schema of protovalidate (Apache-2.0, Buf Technologies, Inc.), written by",
        "// scripts/vendor_validate.py from the pinned wheel. Do not edit.",
        'syntax = "proto2";',
        "",
        f"package {schema.package};",
        "",
        *(f'import "{name}";' for name in schema.dependency),
        "",
    ]
    for extension in schema.extension:
        lines += [f"extend {extension.extendee} {{", "  " + _field(extension, in_oneof=False), "}", ""]
    for enum in schema.enum_type:
        lines += [*_enum(enum, ""), ""]
    for message in schema.message_type:
        lines += [*_message(message), ""]
    return "\n".join(lines)


def write(root: Path) -> None:
    """Writes the schema below `root`."""
    target = root / "buf" / "validate" / "validate.proto"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render())
