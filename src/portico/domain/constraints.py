"""Where a run may be placed, said as values: leaves over one node, trees of them, and balance over nodes.

Owns the vocabulary and what can be told from a constraint alone; whether a node satisfies one is answered
during placement. Promises: every value survives `encode` and `decode` unchanged.

A predicate is judged for the next run on a node, against what is there before it: attributes, and runs and
labels already counted, those placed earlier in the same pass included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

import msgspec

from portico.domain.errors import Invalid


class Condition(StrEnum):
    """How an occurrence count compares with the wanted number (Peloton's three conditions)."""

    LESS_THAN = "less_than"
    EQUAL = "equal"
    GREATER_THAN = "greater_than"


class Attribute(msgspec.Struct, frozen=True, tag="attribute"):
    """The node's attribute has one of the values; `excluded` turns it round and then absence passes.

    Every node has the attribute `hostname`.
    """

    name: str
    values: tuple[str, ...]
    excluded: bool = False


class HostLabel(msgspec.Struct, frozen=True, tag="host_label"):
    """How often the node's attributes say key=value, 0 or 1, compared with a number (Peloton's HOST kind)."""

    key: str
    value: str
    condition: Condition
    count: int


class TaskLabel(msgspec.Struct, frozen=True, tag="task_label"):
    """How many runs on the node carry the label key=value, compared with a number (Peloton's TASK kind)."""

    key: str
    value: str
    condition: Condition
    count: int


class UniqueHost(msgspec.Struct, frozen=True, tag="unique_host"):
    """The node has no run of the same job (Titus)."""


class ExclusiveHost(msgspec.Struct, frozen=True, tag="exclusive_host"):
    """The node has no run of another job; as a hard constraint it also keeps other jobs away afterwards (Titus)."""


class Lacks(msgspec.Struct, frozen=True, tag="lacks"):
    """The node has none of the kind at all; `Lacks("gpus")` keeps plain work off the GPU nodes."""

    kind: str


class AllOf(msgspec.Struct, frozen=True, tag="all_of"):
    """Every part holds; an empty one restricts nothing."""

    parts: tuple[Predicate, ...]


class AnyOf(msgspec.Struct, frozen=True, tag="any_of"):
    """At least one part holds; an empty one restricts nothing, as in Peloton."""

    parts: tuple[Predicate, ...]


Predicate = Attribute | HostLabel | TaskLabel | UniqueHost | ExclusiveHost | Lacks | AllOf | AnyOf


class Balance(msgspec.Struct, frozen=True, tag="balance"):
    """The job's runs lie evenly over the attribute's values (Titus' zoneBalance).

    The next run goes to a value that has the fewest of them among the values where one more still fits; a
    full value holds nobody back. Hard: nodes without the attribute are not used. Soft: they count as one value.
    """

    attribute: str


Constraint = Predicate | Balance


class Soft(msgspec.Struct, frozen=True):
    """A wish: nodes where it holds score `weight` more. A soft Balance comes after all weights, before strategy."""

    constraint: Constraint
    weight: int = 1


_ENCODER = msgspec.json.Encoder()
_CONSTRAINT: msgspec.json.Decoder[Constraint] = msgspec.json.Decoder(Constraint)
_SOFT: msgspec.json.Decoder[Soft] = msgspec.json.Decoder(Soft)


def encode(constraint: Constraint | Soft) -> bytes:
    """Write a constraint or wish as compact JSON; equal values give equal bytes."""
    return _ENCODER.encode(constraint)


def decode(data: bytes) -> Constraint:
    """Read what `encode` wrote for a constraint; raises Invalid on anything else."""
    try:
        return _CONSTRAINT.decode(data)
    except msgspec.DecodeError as error:
        raise Invalid(f"not a constraint: {error}") from error


def decode_soft(data: bytes) -> Soft:
    """Read what `encode` wrote for a wish; raises Invalid on anything else."""
    try:
        return _SOFT.decode(data)
    except msgspec.DecodeError as error:
        raise Invalid(f"not a soft constraint: {error}") from error


def leaves(constraints: Iterable[Constraint]) -> Iterator[Constraint]:
    """Walk everything that is not a tree."""
    for constraint in constraints:
        match constraint:
            case AllOf(parts=parts) | AnyOf(parts=parts):
                yield from leaves(parts)
            case _:
                yield constraint


def has_choice(predicate: Predicate) -> bool:
    """Tell whether an AnyOf makes one evaluation a lower bound only."""
    match predicate:
        case AnyOf(parts=parts):
            return len(parts) > 1 or any(has_choice(part) for part in parts)
        case AllOf(parts=parts):
            return any(has_choice(part) for part in parts)
        case _:
            return False


def demands_exclusive(hard: Iterable[Constraint]) -> bool:
    """Tell whether the constraints cannot hold without ExclusiveHost."""
    for constraint in hard:
        match constraint:
            case ExclusiveHost():
                return True
            case AllOf(parts=parts) if demands_exclusive(parts):
                return True
            case AnyOf(parts=parts) if parts and all(demands_exclusive((part,)) for part in parts):
                return True
            case _:
                pass
    return False


def attracts(constraint: Constraint, labels: Mapping[str, str]) -> bool:
    """Tell whether a run with these labels could make the constraint true where it does not hold yet."""
    return any(
        isinstance(leaf, TaskLabel) and leaf.condition is not Condition.LESS_THAN and labels.get(leaf.key) == leaf.value
        for leaf in leaves((constraint,))
    )
