"""proto2 messages as JSON, as Mesos prints them, made straight from serialized bytes.

Owns one plan per message type, compiled at first use. Reading the bytes costs a fifth of asking a parsed message for
its fields, and small equal parts (ids, resources) are printed once and remembered. Promises: one line; names as in
the contract; enums by name; bytes as base64; absent fields and empty lists are left out, but an absent field with a
default of its own is printed with it. Values without a JSON form (NaN, infinities) are printed as null.
"""

from __future__ import annotations

import struct
from binascii import b2a_base64
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from portico.domain.errors import Invalid
from portico.doors.mesos.encoding.wire import FIXED64, LENGTH_DELIMITED, VARINT, skip, varint

_MOST_REMEMBERED = 1_024  # values per field
_MOST_REMEMBERED_BYTES = 192  # of one value as it was serialized
_SIGN = 1 << 63
_LONG = 0x80  # numbers from here on have several bytes
_WIRE_TYPES = {
    FieldDescriptor.TYPE_MESSAGE: LENGTH_DELIMITED,
    FieldDescriptor.TYPE_STRING: LENGTH_DELIMITED,
    FieldDescriptor.TYPE_BYTES: LENGTH_DELIMITED,
    FieldDescriptor.TYPE_DOUBLE: FIXED64,
}
_double = struct.Struct("<d").unpack_from
_json = msgspec.json.Encoder().encode


class _Field(NamedTuple):
    """How the values of one tag are printed. A tuple because taking it apart is the cheapest way to read it.

    Texts begin with the field's quoted name and a colon, except those of repeated fields.
    """

    number: Callable[[int], bytes | None] | None  # prints a varint; None if its enum does not know it
    known: Callable[[bytes], bytes | None]  # gives the text of other values if it is remembered
    text: Callable[[bytes], bytes]  # prints other values


class Plan:
    """How messages of one type are printed."""

    def __init__(self, descriptor: Descriptor) -> None:
        self.descriptor = descriptor
        self._single: dict[int, _Field] = {}  # by tag, as are the others; these tags have one byte
        self._others: dict[int, tuple[bytes, _Field]] = {}  # repeated fields with their names, and longer tags
        self._doubles: dict[int, bytes] = {}
        self._long_doubles: dict[int, bytes] = {}
        self._defaults: dict[int, bytes] = {}

    def compile(self) -> None:
        """Read the descriptor; apart from the constructor, since types contain themselves."""
        for field in self.descriptor.fields:
            name, tag = _json(field.name) + b":", field.number << 3 | _WIRE_TYPES.get(field.type, VARINT)
            if field.type == FieldDescriptor.TYPE_DOUBLE:
                assert not field.is_repeated
                (self._doubles if tag < _LONG else self._long_doubles)[tag] = name
            elif field.is_repeated:
                self._others[tag] = (name, _compile(field, b""))
            elif tag >= _LONG:
                self._others[tag] = (b"", _compile(field, name))
            else:
                self._single[tag] = _compile(field, name)
            if field.has_default_value:
                self._defaults[tag] = name + _default(field)

    def print(self, data: bytes, name: bytes = b"") -> bytes:
        """Print a serialized message behind a name; Invalid when a string is not UTF-8 or the bytes are no message."""
        try:
            return self._print(data, name)
        except (IndexError, struct.error):
            raise Invalid(f"{self.descriptor.full_name} ends too early") from None
        except UnicodeDecodeError:
            raise Invalid(f"a string in {self.descriptor.full_name} is not UTF-8") from None
        except RecursionError:
            raise Invalid("messages are nested too deeply") from None

    def _print(self, data: bytes, name: bytes) -> bytes:
        """Print the fields in the order of their tags' first bytes; the loop's steps are what large states cost."""
        single, doubles = self._single.get, self._doubles
        texts = self._defaults.copy()
        lists: dict[bytes, list[bytes]] = {}
        position, end = 0, len(data)
        while position < end:
            tag = data[position]
            field = single(tag)
            if field is None:
                if tag in doubles:
                    texts[tag] = doubles[tag] + _json(_double(data, position + 1)[0])
                    position += 9
                else:  # also whatever has a tag of several bytes
                    position = self._print_other(data, position, texts, lists)
                continue
            number, known, text = field
            size = data[position + 1]
            position += 2
            if size >= _LONG:
                size, position = varint(data, position - 1)
            if number is None:
                part = data[position : position + size]
                position += size
                texts[tag] = known(part) or text(part)
            elif (named := number(size)) is not None:
                texts[tag] = named
        if position != end:
            raise IndexError
        pieces = [name, b"{", b",".join(texts.values())]  # joined once, for a part may be large
        for listed, values in lists.items():
            pieces += (b"," if texts or len(pieces) > 3 else b"", listed, b"[", b",".join(values), b"]")
        pieces.append(b"}")
        return b"".join(pieces)

    def _print_other(self, data: bytes, position: int, texts: dict[int, bytes], lists: dict[bytes, list[bytes]]) -> int:
        """Print a value of a repeated field, or of one whose tag has several bytes; gives the position behind it."""
        tag = data[position]
        position += 1
        if tag >= _LONG:
            tag, position = varint(data, position - 1)
            if tag in self._long_doubles:
                texts[tag] = self._long_doubles[tag] + _json(_double(data, position)[0])
                return position + 8
        if tag not in self._others:  # not in the contract
            return skip(data, tag & 7, tag >> 3, position)
        name, field = self._others[tag]
        size = data[position]
        position += 1
        if size >= _LONG:
            size, position = varint(data, position - 1)
        if field.number is None:
            part = data[position : position + size]
            position += size
            text: bytes | None = field.known(part) or field.text(part)
        else:
            text = field.number(size)
        if text is None:  # its enum does not know it
            return position
        if not name:
            texts[tag] = text
        elif name in lists:
            lists[name].append(text)
        else:
            lists[name] = [text]
        return position


class _Part:
    """Messages in one field: prints them behind the field's name, and remembers the small ones."""

    def __init__(self, plan: Plan, name: bytes) -> None:
        self._plan = plan
        self._name = name
        self._remembered: dict[bytes, bytes] = {}
        self.known = self._remembered.get

    def print(self, data: bytes) -> bytes:
        """Print a message that is not remembered."""
        text = self._plan.print(data, self._name)
        if len(data) <= _MOST_REMEMBERED_BYTES:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[data] = text
        return text


class _Identity(_Part):
    """Messages that mostly are one short string: most are different, so that remembering them would cost more."""

    def __init__(self, plan: Plan, name: bytes, value: FieldDescriptor) -> None:
        super().__init__(plan, name)
        self._tag = value.number << 3 | LENGTH_DELIMITED
        self._begin = b"%b{%b:" % (name, _json(value.name))

    def print(self, data: bytes) -> bytes:
        """Print a message; one that is anything else as any message."""
        size = len(data) - 2
        if 0 <= size < _LONG and data[0] == self._tag and data[1] == size:
            return self._begin + _json(data[2:].decode()) + b"}"
        return super().print(data)


_plans: dict[Descriptor, Plan] = {}


def plan_for(descriptor: Any) -> Plan:
    """Give the plan of a message type, compiled once."""
    plan = _plans.get(descriptor)
    if plan is None:
        plan = _plans[descriptor] = Plan(descriptor)
        plan.compile()
    return plan


def _compile(field: FieldDescriptor, name: bytes) -> _Field:
    """Choose how the values of a field are printed."""
    match field.type:
        case FieldDescriptor.TYPE_MESSAGE:
            part = _part(field.message_type, name)
            return _Field(None, part.known, part.print)
        case FieldDescriptor.TYPE_STRING:
            return _Field(None, _nothing_known, lambda data: name + _json(data.decode()))
        case FieldDescriptor.TYPE_BYTES:
            return _Field(None, _nothing_known, lambda data: b'%b"%b"' % (name, b2a_base64(data, newline=False)))
    return _Field(_number_text(field, name), _nothing_known, bytes)


def _part(descriptor: Any, name: bytes) -> _Part:
    plan = plan_for(descriptor)
    value = descriptor.fields_by_name.get("value")
    if value is None or value.type != FieldDescriptor.TYPE_STRING or value.is_repeated:
        return _Part(plan, name)
    if any(field.has_default_value for field in descriptor.fields):  # it is printed even when it is absent
        return _Part(plan, name)
    return _Identity(plan, name, value)


_nothing_known: Callable[[bytes], bytes | None] = dict[bytes, bytes]().get


def _number_text(field: FieldDescriptor, name: bytes) -> Callable[[int], bytes | None]:
    """Choose how the varints of a field are printed."""
    match field.type:
        case FieldDescriptor.TYPE_BOOL:
            return lambda number: name + (b"true" if number else b"false")
        case FieldDescriptor.TYPE_ENUM:
            return {number: name + text for number, text in _names(field.enum_type).items()}.get
        case FieldDescriptor.TYPE_UINT32 | FieldDescriptor.TYPE_UINT64:
            return lambda number: name + _json(number)
        case FieldDescriptor.TYPE_INT32 | FieldDescriptor.TYPE_INT64:
            return lambda number: name + _json(number if number < _SIGN else number - (_SIGN << 1))
    raise AssertionError(f"{field.full_name} has a type that the contract does not use")


def _names(enum: Any) -> dict[int, bytes]:
    return {value.number: _json(value.name) for value in enum.values}


def _default(field: FieldDescriptor) -> bytes:
    """Print the default a contract gives a field."""
    if field.type == FieldDescriptor.TYPE_ENUM:
        return _names(field.enum_type)[field.default_value]
    return _json(field.default_value)
