"""Arguments: from the texts of a call to the values that a function's parameters want.

Each kind's signature is compiled once to a Binder; what a signature cannot promise is refused then, so that at run
time only the texts can be wrong. Raises Invalid naming the parameter. A parameter annotated `portico.Context` gets
the context: its argument is the placeholder `?`, or is left out.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import PurePath

import msgspec

from portico.domain.errors import Invalid
from portico.doors.jobv1.outpost import scalars
from portico.doors.jobv1.outpost.scalars import Reader, quoted
from portico.kinds import Context

PLACEHOLDER = "?"
"""The argument that stands where a context is injected."""

_NULL = ("", "null")
_UNTYPED = (inspect.Parameter.empty, typing.Any, object)
_JSON_SHAPES = (
    msgspec.inspect.ListType,
    msgspec.inspect.SetType,
    msgspec.inspect.FrozenSetType,
    msgspec.inspect.TupleType,
    msgspec.inspect.VarTupleType,
    msgspec.inspect.DictType,
    msgspec.inspect.TypedDictType,
    msgspec.inspect.NamedTupleType,
    msgspec.inspect.DataclassType,
    msgspec.inspect.StructType,
)


class Slot(msgspec.Struct, frozen=True):
    """One positional parameter: how its text is read, and whether it may be missing."""

    name: str
    type: str
    read: Reader
    required: bool
    default: object = None
    context: bool = False


class Binder(msgspec.Struct, frozen=True):
    """A compiled signature. `rest` reads what exceeds the slots (`*args`); `injected` names keyword contexts;
    `plain` reads the slots one by one when none of them is a context."""

    kind: str
    slots: tuple[Slot, ...]
    rest: Slot | None
    injected: tuple[str, ...]
    plain: tuple[Reader, ...] | None

    @property
    def wants_context(self) -> bool:
        """Tell whether a call must be bound with a context."""
        return self.plain is None

    def bind(self, texts: Sequence[str], context: Context | None = None) -> tuple[object, ...]:
        """Give the positional values for a call; Invalid when the texts do not fit."""
        plain = self.plain
        if plain is not None and len(texts) == len(plain):
            try:
                return tuple([read(text) for read, text in zip(plain, texts, strict=True)])
            except Invalid:
                return self._bind(texts, context)  # names the argument
        return self._bind(texts, context)

    def keywords(self, context: Context | None) -> dict[str, object]:
        """Give the values of keyword-only parameters."""
        return dict.fromkeys(self.injected, context)

    def _bind(self, texts: Sequence[str], context: Context | None) -> tuple[object, ...]:
        values: list[object] = []
        used = 0
        for slot in self.slots:
            if slot.context:
                values.append(context)
                used += used < len(texts) and texts[used] == PLACEHOLDER
            elif used < len(texts):
                values.append(_read(slot, used, texts[used]))
                used += 1
            elif slot.required:
                raise self._misfit(len(texts))
            else:
                values.append(slot.default)
        if used < len(texts):
            if self.rest is None:
                raise self._misfit(len(texts))
            values.extend(_read(self.rest, place, texts[place]) for place in range(used, len(texts)))
        return tuple(values)

    def _misfit(self, given: int) -> Invalid:
        wanted = [slot for slot in self.slots if not slot.context]
        least, most = sum(slot.required for slot in wanted), len(wanted)
        span = str(least) if least == most else f"{least} to {most}"
        count = span if self.rest is None else f"at least {least}"
        shown = ", ".join(f"{slot.name}: {slot.type}" for slot in (*wanted, *([self.rest] if self.rest else [])))
        noun = "argument" if count in ("1", "at least 1") else "arguments"
        return Invalid(f"kind {self.kind} takes {count} {noun}{f' ({shown})' if shown else ''}, {given} given")


def compile_binder(kind: str, function: Callable[..., object]) -> Binder:
    """Read a function's signature; Invalid says which parameter cannot be given from texts, and why."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise Invalid("it is a generator, whose body would never run; a kind returns its results")
    try:
        parameters = list(inspect.signature(function).parameters.values())
        hints = typing.get_type_hints(inspect.unwrap(function))
    except (NameError, TypeError, ValueError, AttributeError, SyntaxError) as error:
        raise Invalid(f"its annotations cannot be resolved: {error}") from error
    slots: list[Slot] = []
    rest: Slot | None = None
    injected: list[str] = []
    for parameter in parameters:
        slot = _slot(parameter, hints.get(parameter.name, inspect.Parameter.empty))
        match parameter.kind:
            case inspect.Parameter.POSITIONAL_ONLY | inspect.Parameter.POSITIONAL_OR_KEYWORD:
                slots.append(slot)
            case inspect.Parameter.VAR_POSITIONAL:
                rest = msgspec.structs.replace(slot, name=f"*{slot.name}", required=False)
            case inspect.Parameter.KEYWORD_ONLY if slot.context:
                injected.append(slot.name)
            case inspect.Parameter.KEYWORD_ONLY if slot.required:
                raise Invalid(f"parameter {slot.name} can be given by keyword only and has no default")
            case _:
                pass  # keyword parameters keep their defaults: arguments come by position only
    plain = None if injected or any(slot.context for slot in slots) else tuple(slot.read for slot in slots)
    return Binder(kind, tuple(slots), rest, tuple(injected), plain)


def _slot(parameter: inspect.Parameter, hint: object) -> Slot:
    required = parameter.default is inspect.Parameter.empty
    default = None if required else parameter.default
    if hint is Context or (_is_union(hint) and Context in typing.get_args(hint)):
        return Slot(parameter.name, "Context", str, required=False, context=True)
    try:
        read = reader(hint)
    except (Invalid, TypeError) as error:
        raise Invalid(f"parameter {parameter.name}: {error}", parameter.name) from error
    return Slot(parameter.name, type_text(hint), read, required, default)


def _read(slot: Slot, place: int, text: str) -> object:
    try:
        return slot.read(text)
    except Invalid as error:
        raise Invalid(f"argument {place + 1} ({slot.name}: {slot.type}): {error}", slot.name) from error


def type_text(hint: object) -> str:
    """Show an annotation as people write it."""
    if hint in _UNTYPED:
        return "str"
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint.__name__
    if _is_union(hint):
        return " | ".join("None" if part is types.NoneType else type_text(part) for part in typing.get_args(hint))
    return str(hint).replace("typing.", "")


def reader(hint: object) -> Reader:  # noqa: PLR0911 — one return for each family of types
    """Give the reader of a type; Invalid when its values cannot be made from a text."""
    if hint in _UNTYPED:
        return str
    if (known := scalars.BY_TYPE.get(hint)) is not None:
        return known
    if isinstance(hint, typing.NewType):
        return reader(hint.__supertype__)
    if typing.get_origin(hint) is typing.Literal:
        return scalars.choice({_literal(value): value for value in reversed(typing.get_args(hint))})
    if _is_union(hint):
        return _alternatives(typing.get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return scalars.member(hint)
    return _json(hint)


def _literal(value: object) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    return str(value.name if isinstance(value, Enum) else value)


def _is_union(hint: object) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _alternatives(hints: Sequence[object]) -> Reader:
    optional = types.NoneType in hints
    # A text is always a str: the narrower types are tried first, in the order in which they are written.
    wanted = sorted((hint for hint in hints if hint is not types.NoneType), key=lambda hint: hint in (str, bytes))
    readers = [reader(hint) for hint in wanted]

    def read(text: str) -> object:
        if optional and text in _NULL:
            return None
        refusals = []
        for one in readers:
            try:
                return one(text)
            except Invalid as error:
                refusals.append(str(error))
        raise Invalid(", and ".join(refusals))

    return read


def _json(hint: object) -> Reader:
    if not isinstance(msgspec.inspect.type_info(hint), _JSON_SHAPES):
        raise Invalid(f"a {type_text(hint)} cannot be made from a text")
    decoder = msgspec.json.Decoder(hint, dec_hook=_inner)
    shown = type_text(hint)

    def read(text: str) -> object:
        try:
            return decoder.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            raise Invalid(f"{quoted(text)} is not JSON for {shown}: {error}") from error

    return read


def _inner(hint: type, value: object) -> object:
    if issubclass(hint, PurePath) and isinstance(value, str):
        return hint(value)
    raise TypeError(f"a {hint.__name__} cannot be made from JSON")
