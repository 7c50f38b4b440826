"""Whom the command line trusts, and what it shows of itself, with real certificates on a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from serving import certificates

from portico.cli.app import run
from portico.cli.options import Asked
from portico.serving.identity import server_ssl_context

Captured = pytest.CaptureFixture[str]


class NoKinds(BaseHTTPRequestHandler):
    """A server that has no kinds."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Quietly(HTTPServer):
    """A server to which failed handshakes are nothing special."""

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Keys, certificates and an authority for clients."""
    certificates.make(tmp_path, with_clients=True)
    return tmp_path


@pytest.fixture(params=[False, True], ids=["anybody", "known clients"])
def data(folder: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Path, bool]]:
    """The data directory of a TLS server, and whether it wants certificates of its clients."""
    files = certificates.TlsFiles(
        folder / "server.pem", folder / "server.key", folder / "authority.pem" if request.param else None
    )
    with Quietly(("127.0.0.1", 0), NoKinds) as server:
        server.socket = server_ssl_context(files).wrap_socket(server.socket, server_side=True)
        (folder / "endpoints.json").write_text(json.dumps({"http": f"https://127.0.0.1:{server.server_port}"}))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield folder, request.param
        server.shutdown()
        thread.join()


def test_a_server_is_trusted_by_its_authority_and_shown_a_certificate(
    data: tuple[Path, bool], capsys: Captured
) -> None:
    folder, wanted = data
    command = ["kinds", "--json", "--data-dir", str(folder)]
    assert run(command) == 3
    told = capsys.readouterr().err
    assert "is not trusted" in told
    assert "--ca-file" in told
    command += ["--ca-file", str(folder / "server.pem")]
    assert run(command) == (3 if wanted else 0)
    assert ("--cert-file" in capsys.readouterr().err) is wanted
    command += ["--cert-file", str(folder / "client.pem"), "--key-file", str(folder / "client.key")]
    assert run(command) == 0
    assert capsys.readouterr() == ("", "")


def test_certificate_and_key_may_be_in_one_file(data: tuple[Path, bool]) -> None:
    folder, _ = data
    both = folder / "both.pem"
    both.write_text((folder / "client.pem").read_text() + (folder / "client.key").read_text())
    command = ["kinds", "--data-dir", str(folder), "--ca-file", str(folder / "server.pem"), "--cert-file", str(both)]
    assert run(command) == 0


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--ca-file", "nothing"], "--ca-file: nothing cannot be used"),
        (["--ca-file", "server.key"], "--ca-file: server.key cannot be used"),
        (["--cert-file", "nothing"], "--cert-file: nothing cannot be used"),
        (["--cert-file", "client.pem", "--key-file", "server.key"], "--cert-file: client.pem cannot be used"),
        (["--key-file", "client.key"], "--key-file is given without --cert-file"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, more: list[str], told: str
) -> None:
    monkeypatch.chdir(folder)
    assert run(["kinds", "--server", "https://127.0.0.1:1", *more]) == 2
    assert capsys.readouterr().err.startswith(f"portico: {told}")


def test_commands_to_copy_trust_likewise() -> None:
    asked = Asked(server="https://h:1", ca_file=Path("ca"), cert_file=Path("c"), key_file=Path("k"))
    assert asked.command("kinds") == "portico kinds --server https://h:1 --ca-file ca --cert-file c --key-file k"
