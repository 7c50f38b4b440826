from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.cli import rendering
from portico.cli.rendering import Cell, Column, Row

TWO = (Column("id"), Column("number", right=True))


class Screen(io.StringIO):
    """A terminal of 80 columns."""

    def isatty(self) -> bool:
        return True


Draw = Callable[[Sequence[Column], list[Row]], str]


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Print a table on a terminal of 80 columns; gives what was written."""

    def drawn(columns: Sequence[Column], rows: list[Row]) -> str:
        screen = Screen()
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", screen)
            rendering.table(columns, rows, "none")
        return screen.getvalue()

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    return drawn


def test_pipes_get_aligned_text_that_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    rendering.table(TWO, [("x" * 200, "1"), (Cell("y", "red"), "22")], "none")
    out = capsys.readouterr().out
    assert out == f"{'ID':<200}  NUMBER\n{'x' * 200}       1\n{'y':<200}      22\n"


def test_an_empty_table_says_so_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    rendering.table(TWO, [], "no things")
    assert capsys.readouterr() == ("", "no things\n")


def test_a_terminal_gets_colours(draw: Draw) -> None:
    assert "\x1b[31m" in draw(TWO, [(Cell("y", "red"), "22")])


def test_a_terminal_gets_no_colours_where_they_are_not_wanted(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = draw(TWO, [(Cell("y", "red"), "22")])
    assert "y" in text
    assert "\x1b[31m" not in text


def test_a_terminal_is_not_taken_in_by_markup_or_escapes(draw: Draw) -> None:
    assert r"[red]\x1b[2J[/red]" in draw(TWO, [("[red]\x1b[2J[/red]", "1")])


def test_no_line_is_longer_than_the_terminal_and_ids_are_whole(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    columns = (Column("id"), Column("kind", rigid=False), Column("arguments", rigid=False))
    lines = draw(columns, [("i" * 36, "k" * 30, "a" * 90)]).splitlines()
    assert max(map(len, lines)) <= 80
    assert "i" * 36 in lines[1]
    assert len(lines) == 2


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 60)), min_size=1, max_size=8),
    st.integers(20, 250),
)
def test_columns_fit_whenever_they_can(shape: list[tuple[bool, int]], width: int) -> None:
    columns = [Column("c", rigid=rigid) for rigid, _ in shape]
    natural = [need for _, need in shape]
    given_widths = rendering.fit(columns, natural, width)
    assert all(got == need for got, need, column in zip(given_widths, natural, columns, strict=True) if column.rigid)
    assert all(got <= max(need, rendering.LEAST) for got, need in zip(given_widths, natural, strict=True))
    least = sum(need if column.rigid else rendering.LEAST for need, column in zip(natural, columns, strict=True))
    gaps = len(rendering.GAP) * len(columns)
    if least + gaps <= width:
        assert sum(given_widths) + gaps <= width
    if sum(max(need, rendering.LEAST) for need in natural) + gaps <= width:
        assert all(got >= need for got, need in zip(given_widths, natural, strict=True))


def test_every_object_has_what_scripts_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    rendering.objects([{"id": "a", "more": 1}, {"id": "b", "door": "titus", "state": "x", "created_at": "t"}])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        {"id": "a", "door": "portico", "state": None, "created_at": None, "more": 1},
        {"id": "b", "door": "titus", "state": "x", "created_at": "t"},
    ]


def test_facts_leave_out_what_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    rendering.facts([("id", "x"), ("error", ""), ("state", Cell("failed", "red"))])
    assert capsys.readouterr().out == "id     x\nstate  failed\n"
