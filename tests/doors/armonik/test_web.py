"""The administration pages, what they fetch, and the probes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from portico.doors.armonik.web import NOT_CONFIGURED, PROBES, Pages, Web

ENVIRONMENT = {"name": "lab", "description": "", "color": "blue", "version": "1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    built = tmp_path / "browser"
    for language in ("en", "fr"):
        (built / language / "assets").mkdir(parents=True)
        (built / language / "index.html").write_text(f"<html lang={language}>")
        (built / language / "main-ABCD1234.js").write_text("js")
        (built / language / "assets" / "logo.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    (built / "en" / "leak.txt").symlink_to(tmp_path / "secret.txt")
    (built / "out").symlink_to(tmp_path)
    return built


def get(folder: Path | None, *paths: str, reasons: list[str] | None = None, **headers: str) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        web = Web(Pages(folder, ENVIRONMENT, {"theme": "dark"}), lambda: reasons or [])
        transport = httpx.ASGITransport(app=Starlette(routes=web.routes()))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [await client.get(path, headers=named) for path in paths]

    return asyncio.run(run())


def test_files_are_given_with_their_type_and_how_long_they_hold(folder):
    script, logo, index = get(folder, "/admin/en/main-ABCD1234.js", "/admin/fr/assets/logo.svg", "/admin/en/index.html")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert logo.headers["content-type"] == "image/svg+xml"
    assert {logo.headers["cache-control"], index.headers["cache-control"]} == {"no-cache"}
    assert {answer.headers["x-content-type-options"] for answer in (script, logo, index)} == {"nosniff"}


@pytest.mark.parametrize("path", ["en", "en/", "en/sessions", "en/tasks/0-1", "en/partitions/v1.2"])
def test_pages_of_the_application_are_its_index_in_their_language(folder, path):
    english, french = get(folder, f"/admin/{path}", f"/admin/{path.replace('en', 'fr', 1)}")
    assert (english.text, french.text) == ("<html lang=en>", "<html lang=fr>")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("fr-CA, en;q=0.5", "fr"), ("de, fr;q=0.8", "fr"), ("de", "en"), (";, x", "en")],
)
def test_a_path_without_a_language_gets_one(folder, accepted, language):
    top, inner = get(folder, "/admin/", "/admin/tasks/a%20b", accept_language=accepted)
    assert (top.status_code, top.headers["location"]) == (307, f"/admin/{language}/")
    assert inner.headers["location"] == f"/admin/{language}/tasks/a%20b"


def test_the_folder_itself_is_reached_without_its_slash(folder):
    (answer,) = get(folder, "/admin")
    assert (answer.status_code, answer.headers["location"]) == (307, "/admin/")


def test_a_build_in_one_language_has_its_index_at_the_top(folder):
    (folder / "index.html").write_text("<html>")
    top, page = get(folder, "/admin/", "/admin/tasks")
    assert (top.text, page.text) == ("<html>", "<html>")


@pytest.mark.parametrize(
    "path",
    [
        *("en/../../secret.txt", "en/%2e%2e/%2e%2e/secret.txt", "..%2fsecret.txt", "en/leak.txt", "out/secret.txt"),
        *("en/main-GONE0000.js", "en/assets", "%00", "en/..%5c..%5csecret.txt"),
    ],
)
def test_nothing_outside_is_read_and_what_is_missing_is_missing(folder, path):
    (answer,) = get(folder, f"/admin/{path}")
    assert "secret" not in answer.text
    assert answer.status_code in {404, 307} or answer.text == "<html lang=en>"


def test_an_empty_folder_has_no_pages(tmp_path):
    (answer,) = get(tmp_path, "/admin/")
    assert answer.status_code == 404


def test_without_pages_one_sentence_says_how_to_have_them():
    top, deeper = get(None, "/admin/", "/admin/en/tasks")
    assert (top.status_code, top.text) == (404, NOT_CONFIGURED)
    assert deeper.text == NOT_CONFIGURED


def test_the_pages_are_told_where_they_are(folder):
    environment, configuration = get(folder, "/static/environment.json", "/static/gui_configuration")
    assert (environment.json(), configuration.json()) == (ENVIRONMENT, {"theme": "dark"})
    assert environment.headers["content-type"] == "application/json"


def test_probes_tell_starting_from_dead():
    startup, liveness, readiness = get(None, *PROBES, reasons=["no node is connected"])
    assert (startup.status_code, liveness.status_code) == (200, 200)
    assert (readiness.status_code, readiness.text) == (503, "no node is connected")
    assert get(None, "/readiness")[0].status_code == 200
