"""Projections: messages cut down to the fields that were asked for.

A field is named from the top by dots; behind a map stands the key, dots and all. The id is always among them. Promises:
names that no field has select nothing; what is selected is exactly as in the whole message.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from portico.wire.titus import jobs_pb2

Tree = dict[str, "Tree | None"]
"""What is wanted of a message or map, by name or key; None is all of it."""

_IDENTITY = "id"


class Projection:
    """What is wanted of one kind of message; equal for equal fields."""

    __slots__ = ("_key", "_kind", "_tree")

    def __init__(self, kind: type[Message], tree: Tree) -> None:
        self._kind = kind
        self._tree = tree
        self._key = (kind, _frozen(tree))

    def apply(self, encoded: bytes) -> bytes:
        """Cut an encoded message down."""
        message = self._kind.FromString(encoded)
        _prune(message, self._tree)
        return message.SerializeToString()

    def wants(self, name: str) -> bool:
        """Tell whether anything of a top-level field is wanted."""
        return name in self._tree

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Projection) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def job_projection(fields: Iterable[str]) -> Projection | None:
    """Read the fields wanted of jobs; None for all of them."""
    return _read(jobs_pb2.Job, fields)


def task_projection(fields: Iterable[str]) -> Projection | None:
    """Read the fields wanted of tasks; None for all of them."""
    return _read(jobs_pb2.Task, fields)


def _read(kind: type[Message], fields: Iterable[str]) -> Projection | None:
    names = [name for field in fields if (name := field.strip())]
    if not names:
        return None
    tree: Tree = {}
    for name in (_IDENTITY, *names):
        _add(tree, kind.DESCRIPTOR, name)
    return Projection(kind, tree)


def _add(tree: Tree, kind: Any, name: str) -> None:
    """Add a dotted name; `kind` is the message's descriptor. What is wanted as a whole stays so."""
    first, dot, rest = name.partition(".")
    described = kind.fields_by_name.get(first)
    if described is None:
        return
    if not dot:
        tree[first] = None
        return
    inner = described.message_type
    if inner is None or (first in tree and tree[first] is None):
        return
    under: Tree = {}
    known = tree.get(first)
    if _is_map(described):
        under[rest] = None
    else:
        _add(under, inner, rest)
    if known is None:
        if under:
            tree[first] = under
    else:
        _merge(known, under)


def _merge(into: Tree, other: Tree) -> None:
    for name, under in other.items():
        known = into.get(name)
        if name not in into or under is None:
            into[name] = under
        elif known is not None:
            _merge(known, under)


def _prune(message: Message, tree: Tree) -> None:
    for described, value in message.ListFields():
        name = described.name
        if name not in tree:
            message.ClearField(name)
            continue
        under = tree[name]
        if under is None:
            continue
        if _is_map(described):
            _keep_keys(value, under)
        elif described.is_repeated:
            for entry in value:
                _prune(entry, under)
        else:
            _prune(value, under)


def _keep_keys(entries: Any, wanted: Tree) -> None:
    for key in [key for key in entries if key not in wanted]:
        del entries[key]


def _is_map(described: FieldDescriptor) -> bool:
    inner = described.message_type
    return inner is not None and inner.GetOptions().map_entry


def _frozen(tree: Tree) -> frozenset[Any]:
    return frozenset((name, None if under is None else _frozen(under)) for name, under in tree.items())
