"""What the fields of a listed thing are: one table for each, from the wire's enums to columns.

Owns the shape of these tables and how a field message is looked up in one. Promises: a field that is not in the table,
or not given, is Invalid and names its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from portico.domain.calls.naming import Kind, Naming
from portico.domain.errors import Invalid
from portico.store.sheets import Field

GENERIC = "task_option_generic_field"
"""The member of a field message that names a key of the free options."""


class Value(StrEnum):
    """What a field holds; the values are the members of a filter that can be compared with it."""

    TEXT = "filter_string"
    NUMBER = "filter_number"
    BOOLEAN = "filter_boolean"
    STATUS = "filter_status"
    DATE = "filter_date"
    DURATION = "filter_duration"
    TEXTS = "filter_array"
    WHOLE = ""
    """Something made of several values, which no filter can be compared with."""


class Meaning(msgspec.Struct, frozen=True):
    """What one field of a listed thing is.

    `names`: it is shown as the text of this kind that is made from the number in it (see `domain.calls.naming`).
    `number`: with `names`, the column to order by instead, and to compare where a text names a number; not of a thing
    of this list that may have another name, which the store knows how to compare.
    `blank`: null is shown as an empty text, and so counts as one.
    `states`: of a STATUS, the number of the state that each word of the wire stands for.
    """

    field: Field
    value: Value = Value.TEXT
    names: Kind | None = None
    number: Field | None = None
    blank: bool = False
    states: Mapping[int, int] = {}

    def shown(self, naming: Naming) -> Field:
        """Give the field as clients see it."""
        if self.names is None:
            return self.field
        return msgspec.structs.replace(self.field, suffix=naming.suffixes[self.names])


Fields = Mapping[str, Mapping[int, Meaning]]
"""For each member of a thing's field message, what the values of its enum mean."""


def find_meaning(message: Any, fields: Fields, place: str) -> Meaning:
    """Find what a field message (`TaskField`, `SessionField`, ...) means."""
    member = message.WhichOneof("field")
    if member is None:
        raise Invalid("names no field", place)
    if member == GENERIC and GENERIC in fields:
        key = message.task_option_generic_field.field
        return Meaning(Field("options", link="options", key=key))
    number = getattr(message, member).field
    meaning = fields[member].get(number)
    if meaning is None:
        raise Invalid(f"{number} is not a field of this list", f"{place}.{member}.field")
    return meaning
