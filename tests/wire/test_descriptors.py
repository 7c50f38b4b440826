"""The compiled contracts say what the wire facts say: nothing missing, nothing extra."""

from __future__ import annotations

import pytest
from wire import contracts


def differences(expected: contracts.Lines, compiled: contracts.Lines) -> list[str]:
    """Name what only one side has; an entry without lines counts as well."""
    found = [f"missing: {name}" for name in sorted(expected.keys() - compiled.keys())]
    found += [f"extra: {name}" for name in sorted(compiled.keys() - expected.keys())]
    for name in sorted(expected.keys() & compiled.keys()):
        wanted, present = expected[name], compiled[name]
        found += [f"missing: {name}: {line}" for line in wanted if line not in present]
        found += [f"extra: {name}: {line}" for line in present if line not in wanted]
        if sorted(wanted) == sorted(present) and wanted != present:
            found.append(f"order: {name}: {present} instead of {wanted}")
    return found


@pytest.mark.parametrize("door", contracts.DOORS)
@pytest.mark.parametrize("kind", ["services", "messages", "enums"])
def test_contract_equals_the_facts(door: str, kind: str) -> None:
    compiled = {"services": contracts.services, "messages": contracts.messages, "enums": contracts.enums}[kind](door)
    assert differences(contracts.facts(door)[kind], compiled) == []


@pytest.mark.parametrize("door", contracts.DOORS)
def test_syntax_equals_the_facts(door: str) -> None:
    # A descriptor leaves the older syntax unsaid.
    assert {file.syntax or "proto2" for file in contracts.files(door)} == {contracts.facts(door)["syntax"]}


@pytest.mark.parametrize("door", contracts.DOORS)
def test_facts_are_not_empty(door: str) -> None:
    facts = contracts.facts(door)
    assert facts["messages"]
    assert facts["enums"]
    assert bool(facts["services"]) == (door != "mesos"), "only Mesos speaks plain HTTP"


def test_a_difference_on_either_side_is_named() -> None:
    expected = {"a": ["1 x: optional string"], "b": [], "e": ["P = 0", "Q = 1"]}
    compiled = {"a": ["1 x: optional bytes"], "c": [], "e": ["Q = 1", "P = 0"]}
    assert differences(expected, compiled) == [
        "missing: b",
        "extra: c",
        "missing: a: 1 x: optional string",
        "extra: a: 1 x: optional bytes",
        "order: e: ['Q = 1', 'P = 0'] instead of ['P = 0', 'Q = 1']",
    ]
