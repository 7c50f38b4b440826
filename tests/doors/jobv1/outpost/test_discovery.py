from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import msgspec

from portico.doors.jobv1.outpost.discovery import Document, Parameter

DISCOVERY = "portico.doors.jobv1.outpost.discovery"


def discover(folder: Path, *modules: str, **sources: str) -> tuple[int, Document]:
    for name, source in sources.items():
        (folder / f"{name}.py").write_text("import portico\n" + dedent(source))
    answer = subprocess.run(
        [sys.executable, "-m", DISCOVERY, "--path", str(folder), "--modules", *(modules or sources)],
        capture_output=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        timeout=15,
    )
    assert answer.stdout.count(b"\n") == 1, answer.stderr
    return answer.returncode, msgspec.json.decode(answer.stdout, type=Document)


def test_lists_kinds_with_their_options_and_parameters(tmp_path: Path) -> None:
    code, document = discover(
        tmp_path,
        one="""
        print("noise while loading")

        @portico.kind("zeta", retries=3, backoff="10s", resources={"cpus": 0.5})
        def a(left: int, right: list[str] | None = None, *more: float, context: portico.Context):
            '''First line.

            More.'''

        @portico.kind(description="told")
        async def alpha(context: portico.Context, word="x"): pass

        same = alpha
        """,
        two="from one import alpha",
    )
    assert (code, document.errors) == (0, ())
    alpha, zeta = document.kinds
    assert (alpha.name, alpha.module, alpha.qualname, alpha.description) == ("alpha", "one", "alpha", "told")
    assert alpha.is_async
    assert alpha.parameters == (Parameter("word", "str", required=False),)
    assert (zeta.name, zeta.qualname, zeta.description, zeta.is_async) == ("zeta", "a", "First line.", False)
    assert zeta.parameters == (
        Parameter("left", "int", required=True),
        Parameter("right", "list[str] | None", required=False),
        Parameter("*more", "float", required=False),
    )
    assert (zeta.options.retries, zeta.options.backoff, zeta.options.resources) == (3, "10s", {"cpus": 0.5})


def test_a_module_that_cannot_be_loaded_is_named_with_a_short_traceback(tmp_path: Path) -> None:
    code, document = discover(
        tmp_path,
        "missing_one",
        "broken",
        "leaving",
        "fine",
        broken="def f():\n    raise KeyError('here')\nf()",
        leaving="import sys\nsys.exit(9)",
        fine="@portico.kind\ndef good(): pass",
    )
    assert code == 1
    assert [kind.name for kind in document.kinds] == ["good"]
    missing, broken, leaving = document.errors
    assert missing.where == "missing_one"
    assert missing.message == ("cannot load module missing_one: ModuleNotFoundError: No module named 'missing_one'")
    assert broken.message == "cannot load module broken: KeyError: 'here'"
    assert "broken.py" in broken.traceback
    assert "raise KeyError" in broken.traceback
    assert "importlib" not in broken.traceback
    assert leaving.message == "cannot load module leaving: SystemExit: 9"


def test_wrong_options_are_errors_of_their_module(tmp_path: Path) -> None:
    code, document = discover(tmp_path, wrong="@portico.kind(retries=-5)\ndef f(): pass")
    assert code == 1
    assert document.errors[0].message == "cannot load module wrong: ValueError: retries: -5 is below -1"


def test_two_kinds_of_one_name_are_both_named(tmp_path: Path) -> None:
    code, document = discover(
        tmp_path,
        one="@portico.kind('same')\ndef first(): pass",
        two="@portico.kind('same')\ndef second(): pass",
    )
    assert code == 1
    (error,) = document.errors
    assert "kind same is defined twice" in error.message
    assert f"one:first ({tmp_path}/one.py:2)" in error.message
    assert f"two:second ({tmp_path}/two.py:2)" in error.message


def test_signatures_that_cannot_be_filled_are_errors(tmp_path: Path) -> None:
    code, document = discover(tmp_path, one="@portico.kind\ndef f(*, a): pass\n@portico.kind\ndef g(a: object()): pass")
    assert code == 1
    assert "kind f at one:f" in document.errors[0].message
    assert "parameter a can be given by keyword only" in document.errors[0].message
    assert "kind g at one:g" in document.errors[1].message


def test_entry_points_name_further_modules(tmp_path: Path) -> None:
    installed = tmp_path / "plugin-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[portico.kinds]\nwhatever = plugin_kinds\n")
    (tmp_path / "plugin_kinds.py").write_text("import portico\n@portico.kind\ndef plugged(): pass\n")
    code, document = discover(tmp_path, one="")
    assert (code, document.errors) == (0, ())
    assert [(kind.name, kind.module) for kind in document.kinds] == [("plugged", "plugin_kinds")]


def test_decorators_around_a_kind_are_kept(tmp_path: Path) -> None:
    code, document = discover(
        tmp_path,
        one="""
        import functools

        def twice(function):
            @functools.wraps(function)
            def wrapper(*arguments):
                return function(*arguments) * 2
            return wrapper

        @twice
        @portico.kind
        def f(a: int): return a
        """,
    )
    assert code == 0
    assert document.kinds[0].parameters == (Parameter("a", "int", required=True),)
