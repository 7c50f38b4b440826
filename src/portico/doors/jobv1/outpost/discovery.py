"""Discovery: which functions are kinds, found by loading user modules in a process of their own.

`python -m portico.doors.jobv1.outpost.discovery --path P… --modules M…` prints one JSON Document and exits 0, or 1
when it lists errors. What user code prints while it loads goes to stderr. The worker loads by the same functions, so
what was discovered is what runs. Modules named by entry points of the group `portico.kinds` are loaded as well.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.metadata
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import msgspec

from portico.domain.errors import Invalid
from portico.doors.jobv1.outpost.conversion import Binder, compile_binder
from portico.kinds import MARK, Kind

ENTRY_POINTS = "portico.kinds"
"""The group whose entry points name further modules: any name, the module as value."""

_TRACEBACK_FRAMES = 6


class Parameter(msgspec.Struct, frozen=True):
    """One parameter that takes an argument; `type` is its annotation as text."""

    name: str
    type: str
    required: bool


class KindFact(msgspec.Struct, frozen=True):
    """One kind as found; `options` holds its description and durations as texts, `place` says where it is written."""

    name: str
    module: str
    qualname: str
    description: str
    options: Kind
    parameters: tuple[Parameter, ...]
    is_async: bool
    place: str = ""


class LoadError(msgspec.Struct, frozen=True):
    """Why a module, or a kind in it, cannot be used; `traceback` is empty unless loading raised."""

    where: str
    message: str
    traceback: str = ""


class Document(msgspec.Struct, frozen=True):
    """What discovery prints; `code` changes whenever a loaded source file below the search path does."""

    kinds: tuple[KindFact, ...]
    errors: tuple[LoadError, ...]
    code: str = ""


class Loaded(msgspec.Struct, frozen=True):
    """A kind ready to be called."""

    options: Kind
    function: Callable[..., object]
    binder: Binder


class Catalogue(msgspec.Struct, frozen=True):
    """All kinds of the loaded modules by name, and what went wrong."""

    kinds: dict[str, Loaded]
    errors: tuple[LoadError, ...]


def load(modules: Sequence[str], path: Sequence[str]) -> Catalogue:
    """Import the modules, with `path` in front of the search path, and collect their kinds."""
    sys.path[:0] = [os.path.abspath(place) for place in path if place]  # noqa: PTH100 — sys.path holds texts
    kinds: dict[str, Loaded] = {}
    errors: list[LoadError] = []
    for name in dict.fromkeys((*modules, *_advertised())):
        module = _import(name)
        if isinstance(module, LoadError):
            errors.append(module)
            continue
        for options, function in _marked(module):
            error = _admit(kinds, options, function)
            if error is not None:
                errors.append(error)
    return Catalogue(kinds, tuple(errors))


def describe(catalogue: Catalogue) -> Document:
    """Turn loaded kinds into facts that can leave the process, ordered by name."""
    facts = [_fact(loaded) for _, loaded in sorted(catalogue.kinds.items())]
    return Document(tuple(facts), catalogue.errors)


def place_of(function: Callable[..., object]) -> str:
    """Name a function for people: module, qualified name, file and line."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    where = f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
    return f"{function.__module__}:{_qualname(function)}{where}"


def _advertised() -> list[str]:
    return [point.module for point in importlib.metadata.entry_points(group=ENTRY_POINTS)]


def _import(name: str) -> ModuleType | LoadError:
    try:
        return importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 — loading user code may raise anything, SystemExit included
        return LoadError(name, f"cannot load module {name}: {type(error).__name__}: {error}", _short(error))


def _short(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    return "".join(traceback.format_list(frames[1:][-_TRACEBACK_FRAMES:]))


def _marked(module: ModuleType) -> Iterator[tuple[Kind, Callable[..., object]]]:
    for value in tuple(vars(module).values()):
        options = inspect.getattr_static(value, MARK, None)
        if isinstance(options, Kind) and callable(value):
            yield options, value


def _admit(kinds: dict[str, Loaded], options: Kind, function: Callable[..., object]) -> LoadError | None:
    """Add a kind; tell what speaks against it. The same function seen through two modules is one kind."""
    known = kinds.get(options.name)
    if known is not None:
        if known.function is function:
            return None
        both = f"{place_of(known.function)} and {place_of(function)}"
        return LoadError(function.__module__, f"kind {options.name} is defined twice: {both}")
    try:
        binder = compile_binder(options.name, function)
    except Invalid as error:
        return LoadError(function.__module__, f"kind {options.name} at {place_of(function)}: {error}")
    kinds[options.name] = Loaded(options, function, binder)
    return None


def _fact(loaded: Loaded) -> KindFact:
    function, options, binder = loaded.function, loaded.options, loaded.binder
    slots = (*binder.slots, *((binder.rest,) if binder.rest is not None else ()))
    lines = (inspect.getdoc(function) or "").strip().splitlines()
    return KindFact(
        name=options.name,
        module=function.__module__,
        qualname=_qualname(function),
        description=options.description or (lines[0].strip() if lines else ""),
        options=options,
        parameters=tuple(Parameter(slot.name, slot.type, slot.required) for slot in slots if not slot.context),
        is_async=inspect.iscoroutinefunction(inspect.unwrap(function)),
        place=place_of(function),
    )


def _qualname(function: Callable[..., object]) -> str:
    return str(getattr(function, "__qualname__", function))


def fingerprint(path: Sequence[str]) -> str:
    """Give a digest of the loaded source files that lie below the search path, by name and content."""
    roots = [Path(place).resolve() for place in path if place]
    files = {
        Path(file).resolve() for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))
    }
    digest = hashlib.sha256()
    for file in sorted(files):
        if file.suffix == ".py" and any(file.is_relative_to(root) for root in roots):
            digest.update(f"{file}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the Document of the modules named on the command line; give the exit code."""
    parser = argparse.ArgumentParser(prog="discovery", description="List the kinds that Python modules define.")
    parser.add_argument("--path", nargs="*", default=[], help="folders to search before the usual ones")
    parser.add_argument("--modules", nargs="*", default=[], help="modules to load")
    given = parser.parse_args(arguments)
    answer = os.dup(1)
    os.dup2(2, 1)  # what user code prints must not mix with the document
    document = msgspec.structs.replace(describe(load(given.modules, given.path)), code=fingerprint(given.path))
    sys.stdout.flush()
    with os.fdopen(answer, "wb") as stream:
        stream.write(msgspec.json.encode(document) + b"\n")
    return 1 if document.errors else 0


if __name__ == "__main__":
    sys.exit(main())
