"""JSON values into proto2 messages, by the rules Mesos reads its calls with.

Owns one reader per message type, compiled at first use. Promises: null and unknown names change nothing; a single
value stands for a list of one; enums are taken by name only; numbers must fit their field and, for whole-number
fields, be whole; whatever cannot be taken raises Invalid with the path of the field, and never anything else.
"""

from __future__ import annotations

import math
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from portico.domain.errors import Invalid
from portico.doors.mesos.encoding.later_names import LATER_NAMES

Convert = Callable[[object], object]

MOST_DEPTH = 90  # messages within messages; the serializer itself stops at 100

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (str, "string"),
    (int, "number"),
    (float, "number"),
    (list, "array"),
    (dict, "object"),
)
_INT_BOUNDS = {
    FieldDescriptor.TYPE_INT32: (-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.TYPE_INT64: (-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.TYPE_UINT32: (0, (1 << 32) - 1),
    FieldDescriptor.TYPE_UINT64: (0, (1 << 64) - 1),
}
_UNSET = object()  # a later release's name for a field that may be left out


class _Field:
    """How one field takes its value: `reader` for messages, `convert` for everything else."""

    __slots__ = ("convert", "name", "reader", "repeated")

    def __init__(self, field: FieldDescriptor) -> None:
        self.name = field.name
        self.repeated = field.is_repeated
        self.reader = reader_for(field.message_type) if field.type == FieldDescriptor.TYPE_MESSAGE else None
        self.convert = None if self.reader is not None else _converter(field)


class Reader:
    """Fills messages of one type."""

    def __init__(self) -> None:
        self._fields: dict[str, _Field] = {}

    def compile(self, descriptor: Descriptor) -> None:
        """Read the descriptor; apart from the constructor, since types contain themselves."""
        self._fields = {field.name: _Field(field) for field in descriptor.fields}

    def fill(self, message: Message, plain: dict[str, object], depth: int = 0) -> None:
        """Set what `plain` names; Invalid with the path of the field that cannot be taken."""
        if depth > MOST_DEPTH:
            raise Invalid(f"messages are nested more than {MOST_DEPTH} deep")
        for name, value in plain.items():
            field = self._fields.get(name)
            if field is None or value is None:
                continue
            try:
                if field.repeated:
                    _extend(message, field, value, depth)
                elif field.reader is not None:
                    part = getattr(message, name)
                    part.SetInParent()
                    field.reader.fill(part, _object(value, name), depth + 1)
                else:
                    converted = field.convert(value)  # type: ignore[misc]
                    if converted is not _UNSET:
                        setattr(message, name, converted)
            except Invalid as error:
                raise _within(error, name) from None


_readers: dict[Descriptor, Reader] = {}


def reader_for(descriptor: Any) -> Reader:
    """Give the reader of a message type, compiled once."""
    reader = _readers.get(descriptor)
    if reader is None:
        reader = _readers[descriptor] = Reader()
        reader.compile(descriptor)
    return reader


def _within(error: Invalid, name: str) -> Invalid:
    """Put the name of the field around an error from inside it."""
    return Invalid(str(error), f"{name}.{error.field}" if error.field and error.field != name else name)


def _extend(message: Message, field: _Field, value: object, depth: int) -> None:
    """Add to a repeated field; what is not a list counts as a list of one."""
    values = value if isinstance(value, list) else [value]
    target = getattr(message, field.name)
    for element in values:
        if element is None:
            continue
        if field.reader is not None:
            field.reader.fill(target.add(), _object(element, field.name), depth + 1)
        else:
            converted = field.convert(element)  # type: ignore[misc]
            if converted is not _UNSET:
                target.append(converted)


def _object(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _unexpected(value, name)
    return value


def _unexpected(value: object, name: str) -> Invalid:
    """Say that a field was given the wrong kind of value."""
    kind = next((kind for known, kind in _KINDS if isinstance(value, known)), "value")
    return Invalid(f"Not expecting a JSON {kind} for field '{name}'", name)


def _converter(field: FieldDescriptor) -> Convert:
    """Choose how a value becomes what the field stores."""
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return _kept(str, field.name)
        case FieldDescriptor.TYPE_BOOL:
            return _kept(bool, field.name)
        case FieldDescriptor.TYPE_BYTES:
            return _bytes_converter(field.name)
        case FieldDescriptor.TYPE_DOUBLE:
            return _double_converter(field.name)
        case FieldDescriptor.TYPE_ENUM:
            return _enum_converter(field.enum_type, field)
    return _whole_converter(field.name, *_INT_BOUNDS[field.type])


def _kept(kind: type, name: str) -> Convert:
    """Take values of one kind as they are."""

    def convert(value: object) -> object:
        if not isinstance(value, kind):
            raise _unexpected(value, name)
        return value

    return convert


def _bytes_converter(name: str) -> Convert:
    """Take standard base64; padding may be missing."""

    def convert(value: object) -> object:
        if not isinstance(value, str):
            raise _unexpected(value, name)
        try:
            return a2b_base64(value + "=" * (-len(value) % 4), strict_mode=True)
        except (Base64Error, ValueError) as error:
            raise Invalid(f"Failed to base64 decode bytes field '{name}': {error}", name) from None

    return convert


def _double_converter(name: str) -> Convert:
    """Take any number."""

    def convert(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _unexpected(value, name)
        try:
            return float(value)
        except OverflowError:
            raise Invalid(f"The number for field '{name}' is too large", name) from None

    return convert


def _whole_converter(name: str, least: int, most: int) -> Convert:
    """Take whole numbers within the bounds, also those written with a fraction of zero."""

    def convert(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _unexpected(value, name)
        if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
            raise Invalid(f"Expecting a whole number for field '{name}'", name)
        whole = int(value)
        if not least <= whole <= most:
            raise Invalid(f"The number for field '{name}' is not within {least} and {most}", name)
        return whole

    return convert


def _enum_converter(enum: Any, field: FieldDescriptor) -> Convert:
    """Take a name of the enum; one that only later releases know counts as the unknown value, or as nothing."""
    numbers: dict[str, object] = {value.name: value.number for value in enum.values}
    if not field.is_required:
        unknown = numbers.get("UNKNOWN", _UNSET)
        numbers |= dict.fromkeys(LATER_NAMES.get(enum.full_name, ()), unknown)

    def convert(value: object) -> object:
        if not isinstance(value, str):
            raise _unexpected(value, field.name)
        if value not in numbers:
            raise Invalid(f"Failed to find enum for '{value}'", field.name)
        return numbers[value]

    return convert
