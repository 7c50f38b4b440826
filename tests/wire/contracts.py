"""The compiled contracts of a door, read back as the same lines of text in which the facts are kept.

A field is `number name: label type [type name] [oneof o] [default d] [deprecated]`; the label
`explicit` is a proto3 field with presence. Enum values stand in the order of declaration, because
the first one is the default of a closed enum. Message order carries no meaning.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    MethodDescriptorProto,
)

Lines = dict[str, list[str]]

FACTS = Path(__file__).with_name("facts")
DOORS = sorted(path.stem for path in FACTS.glob("*.json"))


def facts(door: str) -> dict[str, Lines]:
    return json.loads((FACTS / f"{door}.json").read_text())


def modules(door: str, ending: str = "_pb2") -> list[ModuleType]:
    package = importlib.import_module(f"portico.wire.{door}")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names if name.endswith(ending)]


def files(door: str) -> list[FileDescriptorProto]:
    return [FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb) for module in modules(door)]


def services(door: str) -> Lines:
    return {
        f"{file.package}.{service.name}": sorted(method_line(method) for method in service.method)
        for file in files(door)
        for service in file.service
    }


def messages(door: str) -> Lines:
    return {name: message_lines(message) for name, message in all_messages(door)}


def enums(door: str) -> Lines:
    found = [(f"{file.package}.{enum.name}", enum) for file in files(door) for enum in file.enum_type]
    found += [(f"{name}.{enum.name}", enum) for name, message in all_messages(door) for enum in message.enum_type]
    return {name: enum_lines(enum) for name, enum in found}


def all_messages(door: str) -> Iterator[tuple[str, DescriptorProto]]:
    for file in files(door):
        for message in file.message_type:
            yield from with_nested(f"{file.package}.{message.name}", message)


def with_nested(name: str, message: DescriptorProto) -> Iterator[tuple[str, DescriptorProto]]:
    yield name, message
    for nested in message.nested_type:
        yield from with_nested(f"{name}.{nested.name}", nested)


def method_line(method: MethodDescriptorProto) -> str:
    request = ("stream " if method.client_streaming else "") + method.input_type.removeprefix(".")
    response = ("stream " if method.server_streaming else "") + method.output_type.removeprefix(".")
    return f"{method.name}: {request} -> {response}" + (" deprecated" if method.options.deprecated else "")


def message_lines(message: DescriptorProto) -> list[str]:
    lines = [field_line(field, message) for field in sorted(message.field, key=lambda field: field.number)]
    return [*lines, "map entry"] if message.options.map_entry else lines


def field_line(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    label = "explicit" if field.proto3_optional else FieldDescriptorProto.Label.Name(field.label)
    kind = FieldDescriptorProto.Type.Name(field.type)
    parts = [f"{field.number} {field.name}:", tidy(label, "LABEL_"), tidy(kind, "TYPE_")]
    if field.type_name:
        parts.append(field.type_name.removeprefix("."))
    if field.HasField("oneof_index") and not field.proto3_optional:
        parts.append(f"oneof {message.oneof_decl[field.oneof_index].name}")
    if field.HasField("default_value"):
        parts.append(f"default {field.default_value}")
    if field.options.deprecated:
        parts.append("deprecated")
    return " ".join(parts)


def enum_lines(enum: EnumDescriptorProto) -> list[str]:
    return [f"{value.name} = {value.number}" for value in enum.value]


def tidy(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower()
