"""Options: each distinct set of them is stored once for its Session, under a number that its Calls carry.

Owns what is remembered of them in either direction, least used first out. Promises: one that is not durable yet is
never let go of; one that was let go of is read again, or written a second time under another number, which is harmless.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from portico.control.calls.sheets import OPTIONS
from portico.domain.calls.values import CallOptions, OptionsPatch
from portico.domain.errors import Damaged
from portico.domain.identity import Micros
from portico.store.sheets import Cell, Insert

if TYPE_CHECKING:
    from portico.control.history import History
    from portico.control.transaction import Transaction
    from portico.store.port import Reader

MOST_KEPT = 10_000

OPTION_COLUMNS = tuple(column.name for column in OPTIONS.columns)

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_encode_map = msgspec.json.Encoder(order="deterministic").encode
_decode_map = msgspec.json.Decoder(dict[str, str]).decode

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Recent(OrderedDict[_Key, _Value]):
    """A mapping that keeps what was used most recently."""

    def use(self, key: _Key) -> _Value | None:
        """Give what stands under a key, and count that as use."""
        value = self.get(key)
        if value is not None:
            self.move_to_end(key)
        return value

    def keep(self, key: _Key, value: _Value) -> None:
        """Put something under a key, in the place of what was not used for longest."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > MOST_KEPT:
            self.popitem(last=False)


def merge(defaults: CallOptions, patch: OptionsPatch | None) -> CallOptions:
    """Lay a patch over options: empty and 0 inherit, `priority` counts whenever there is a patch (upstream's rule)."""
    if patch is None:
        return defaults
    return CallOptions(
        max_duration=patch.max_duration or defaults.max_duration,
        max_retries=patch.max_retries or defaults.max_retries,
        priority=patch.priority,
        partition=patch.partition or defaults.partition,
        application_name=patch.application_name or defaults.application_name,
        application_version=patch.application_version or defaults.application_version,
        application_namespace=patch.application_namespace or defaults.application_namespace,
        application_service=patch.application_service or defaults.application_service,
        engine=patch.engine or defaults.engine,
        options={**defaults.options, **patch.options} if patch.options else defaults.options,
    )


def decode_options(cells: Sequence[Cell]) -> CallOptions:
    """Read options from the cells of a row, without its number and Session."""
    duration, retries, priority, partition, name, version, namespace, service, engine, extra = cells
    return CallOptions(
        max_duration=Micros(int(duration or 0)),
        max_retries=int(retries or 0),
        priority=int(priority or 0),
        partition=str(partition),
        application_name=str(name),
        application_version=str(version),
        application_namespace=str(namespace),
        application_service=str(service),
        engine=str(engine),
        options=_decode_map(extra) if isinstance(extra, str | bytes) else {},
    )


def read_options(reader: Reader, numbers: Iterable[int]) -> dict[int, CallOptions]:
    """Read options by number, in any thread."""
    rows = reader.rows_by_number(OPTIONS.name, sorted(numbers), OPTION_COLUMNS[1:])
    return {row[0]: decode_options(row[1:]) for row in rows}  # type: ignore[misc]


class OptionSets:
    """Numbers of options, and the options of numbers; one per server."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._next = 1
        self._numbers: Recent[tuple[int, bytes], int] = Recent()
        self._options: Recent[int, CallOptions] = Recent()
        self._fresh: dict[int, CallOptions] = {}

    def load(self) -> None:
        """Go on counting where the rows end."""
        self._next = self._history.now(lambda reader: reader.last_number(OPTIONS.name)) + 1

    def number(self, tx: Transaction, session: int, options: CallOptions) -> int:
        """Give the number of these options in a Session, storing them if need be."""
        key = (session, _encode(options))
        known = self._numbers.use(key)
        if known is not None:
            return known
        number = self._next
        self._next += 1
        tx.write(Insert(OPTIONS.name, ((number, session, *_cells(options)),)))
        self._numbers.keep(key, number)
        self._fresh[number] = options
        tx.on_undo(partial(self._forget, key, number))
        tx.after(partial(self._settle, number))
        return number

    def of(self, number: int) -> CallOptions:
        """Give the options of a number; raises Damaged when nobody knows it."""
        found = self._options.use(number) or self._fresh.get(number)
        if found is not None:
            return found
        options = self._history.now(lambda reader: read_options(reader, (number,))).get(number)
        if options is None:
            raise Damaged(f"options {number} are not stored")
        self._options.keep(number, options)
        return options

    def known(self, number: int) -> CallOptions | None:
        """Give the options of a number if they are in memory; harmless in any thread."""
        return self._options.get(number) or self._fresh.get(number)

    def learn(self, number: int, options: CallOptions) -> None:
        """Remember options that were read."""
        self._options.keep(number, options)

    def _settle(self, number: int) -> None:
        self._options.keep(number, self._fresh.pop(number))

    def _forget(self, key: tuple[int, bytes], number: int) -> None:
        self._numbers.pop(key, None)
        self._fresh.pop(number, None)


def _cells(options: CallOptions) -> tuple[Cell, ...]:
    return (
        options.max_duration,
        options.max_retries,
        options.priority,
        options.partition,
        options.application_name,
        options.application_version,
        options.application_namespace,
        options.application_service,
        options.engine,
        _encode_map(options.options).decode(),
    )
