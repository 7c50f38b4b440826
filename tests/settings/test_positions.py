"""Where keys stand in a TOML text."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portico.settings.positions import find_lines, nearest_line
from portico.settings.problems import Key

# A busy machine must not fail these: they are bounded by their number of examples alone.
BOUNDED = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

DOCUMENT = '''# a comment with [brackets] and "quotes"
host = "a # b"          # 2
python.workers = 2
"quoted key" = 1
'literal.key' = 2

[kinds.a]               # 7
command = [             # 8
  "x", # ]
  """multi
line ] " "" """,
  'y',                  # 12
]
resources = { cpus = 1, mem = { "deep.er" = 2 } }

[[nodes]]               # 16
name = "n1"
[nodes.attributes]
zone = "a"              # 19
[[nodes]]
attributes.rack = "r"   # 21
when = 2026-01-01 10:00:00
text = """
[[nodes]]
name = "not a key"
"""
raw = \'\'\'it's
]\'\'\'
last = 1                # 29
[kinds]                 # 30
[kinds.b]
'''


def test_every_kind_of_key_is_found() -> None:
    tomllib.loads(DOCUMENT)
    lines = find_lines(DOCUMENT)
    expected: dict[Key, int] = {
        ("host",): 2,
        ("python",): 3,
        ("python", "workers"): 3,
        ("quoted key",): 4,
        ("literal.key",): 5,
        ("kinds",): 30,
        ("kinds", "a"): 7,
        ("kinds", "a", "command"): 8,
        ("kinds", "a", "command", 0): 9,
        ("kinds", "a", "command", 1): 10,
        ("kinds", "a", "command", 2): 12,
        ("kinds", "a", "resources"): 14,
        ("kinds", "a", "resources", "cpus"): 14,
        ("kinds", "a", "resources", "mem"): 14,
        ("kinds", "a", "resources", "mem", "deep.er"): 14,
        ("nodes",): 16,
        ("nodes", 0): 16,
        ("nodes", 0, "name"): 17,
        ("nodes", 0, "attributes"): 18,
        ("nodes", 0, "attributes", "zone"): 19,
        ("nodes", 1): 20,
        ("nodes", 1, "attributes"): 21,
        ("nodes", 1, "attributes", "rack"): 21,
        ("nodes", 1, "when"): 22,
        ("nodes", 1, "text"): 23,
        ("nodes", 1, "raw"): 27,
        ("nodes", 1, "last"): 29,
        ("kinds", "b"): 31,
    }
    assert lines == expected


def test_what_is_not_written_is_placed_at_the_table_around_it() -> None:
    lines = find_lines(DOCUMENT)
    assert nearest_line(lines, ("kinds", "a", "pool")) == 7
    assert nearest_line(lines, ("nodes", 1, "attributes", "zone", "x")) == 21
    assert nearest_line(lines, ("nothing", "here")) == 1


def test_nesting_too_deep_to_scan_leaves_the_outer_keys() -> None:
    text = "a = 1\nb = " + "[" * 100_000 + "]" * 100_000
    assert find_lines(text)[("a",)] == 1
    assert find_lines(text)[("b",)] == 2


NAMES = st.one_of(
    st.text("abcXYZ019_-", min_size=1, max_size=4),
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=4).map(
        lambda name: '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    ),
)
STRINGS = st.sampled_from(
    ['"a"', '"\\" # ]"', "'# ['", '"""\n[x]\n"""', "'''\n'' }'''", '"""a\\\n  b\\""""', '"""q""""', '""', "''"]
)
SCALARS = st.one_of(STRINGS, st.sampled_from(["1", "-0.5e3", "true", "2026-01-01 10:00:00Z", "07:32:00", "inf"]))
GAPS = st.sampled_from(["", " ", "\n", "\n# ] } = \n", "  \n\n"])


@st.composite
def arrays(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    items = draw(st.lists(values, max_size=3))
    body = ",".join(draw(GAPS) + item + draw(GAPS) for item in items)
    comma = "," if items and draw(st.booleans()) else ""
    return f"[{body}{comma}{draw(GAPS)}]"


@st.composite
def inline_tables(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    names = draw(st.lists(st.text("abc", min_size=1, max_size=3), max_size=3, unique=True))
    return "{" + ", ".join(f"{name} = {draw(values)}" for name in names) + "}"


VALUES = st.recursive(SCALARS, lambda inner: arrays(inner) | inline_tables(inner), max_leaves=6)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[Key, int]]:
    """Build a document line by line, noting where each key and table was put."""
    text = ""
    noted: dict[Key, int] = {}

    def add(piece: str, key: Key | None = None) -> None:
        nonlocal text
        if key is not None:
            noted[key] = text.count("\n") + 1
        text += piece

    def pairs(table: Key) -> None:
        for name in draw(st.lists(NAMES, max_size=3, unique_by=plain)):
            add(f"{draw(st.sampled_from(['', '  ']))}{name} = {draw(VALUES)} # x\n", (*table, plain(name)))
            add(draw(st.sampled_from(["", "\n", "# [c]\n"])))

    pairs(())
    for number in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            add(f"[ t{number} . {draw(NAMES)} ]\n", None)
            add("", None)
            header = text.splitlines()[-1]
            table = (f"t{number}", plain(header.split(" . ", 1)[1].rsplit(" ]", 1)[0]))
            noted[table] = text.count("\n")
            pairs(table)
        else:
            for index in range(draw(st.integers(1, 3))):
                add(f"[[list{number}]]\n", (f"list{number}", index))
                pairs((f"list{number}", index))
    return text, noted


def plain(name: str) -> str:
    return next(iter(tomllib.loads(f"{name} = 0")))


def walk(value: Any, key: Key = ()) -> list[Key]:
    found = [key] if key else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        found += walk(item, (*key, name))
    return found


@BOUNDED
@given(documents())
def test_generated_documents(document: tuple[str, dict[Key, int]]) -> None:
    text, noted = document
    tree = tomllib.loads(text)
    lines = find_lines(text)
    assert {key: lines.get(key) for key in noted} == noted
    assert sorted(walk(tree), key=repr) == sorted(lines, key=repr)
