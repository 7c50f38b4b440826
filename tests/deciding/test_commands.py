"""How a command line is made of a kind's pattern and an Instance's arguments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.deciding.commands import fill, names_arguments
from portico.domain.errors import Invalid


@pytest.mark.parametrize(
    ("pattern", "arguments", "command"),
    [
        (["say"], ["a", "b"], ["say", "a", "b"]),
        (["say", "{0}"], ["a"], ["say", "a"]),
        (["cp", "{1}", "--to={0}/x"], ["b", "a"], ["cp", "a", "--to=b/x"]),
        (["twice", "{0}{0}"], ["a"], ["twice", "aa"]),
        (["sh", "-c", 'echo "${{1}}" {0}'], ["a"], ["sh", "-c", 'echo "${1}" a']),
        (["grep", "-E", "^[0-9]{{12}}$"], ["file"], ["grep", "-E", "^[0-9]{12}$", "file"]),
        (["say", "{{{1}}}"], [], ["say", "{{1}}"]),
        (["awk", "{print $1}", "{}", "{a}", "{{a}}", "{1"], ["file"], ["awk", "{print $1}", "{}", "{a}", "{{a}}", "{1", "file"]),
        (["say", "{0}"], ["{1} {{0}}"], ["say", "{1} {{0}}"]),
    ],
)  # fmt: skip
def test_a_command_line_is_made(pattern: list[str], arguments: list[str], command: list[str]) -> None:
    assert fill(pattern, arguments) == tuple(command)


@pytest.mark.parametrize(
    ("pattern", "arguments", "told"),
    [
        (["say", "{0}{1}"], ["a"], "names argument 1, counted from 0; got 1"),
        (["say", "{0}"], [], "names argument 0, counted from 0; got 0"),
        (["say", "{1}"], ["a", "b"], "no place for argument 0"),
        (["say", "{0} {{1}}"], ["a", "b"], "no place for argument 1"),
    ],
)
def test_what_does_not_fit_is_refused(pattern: list[str], arguments: list[str], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        fill(pattern, arguments)


@given(st.lists(st.from_regex(r"(\{[0-9]{1,3}\}|[a-z$ ])*", fullmatch=True)), st.lists(st.text()))
def test_with_all_its_braces_doubled_a_text_stands_for_itself(texts: list[str], arguments: list[str]) -> None:
    pattern = [text.replace("{", "{{").replace("}", "}}") for text in texts]
    assert not names_arguments(pattern)
    assert fill(pattern, arguments) == (*texts, *arguments)
