"""The way to a server: where it is, how it is asked, and what its answers mean.

Owns discovery through DIR/endpoints.json and the translation of HTTP errors to failures. Promises one clear sentence
when nobody answers. Loads the HTTP library only when a server is asked.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from portico.cli.failures import Failed, Misused, Refused, Rejected, Unreachable
from portico.cli.options import Target

if TYPE_CHECKING:
    import httpx

PREFIX = "/portico/v1"
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
ENDPOINTS = "endpoints.json"

Parameters = Mapping[str, str | int | list[str]]
Record = dict[str, Any]


class Quiet(Exception):
    """A stream of events had nothing new within the time that was given."""


class Server:
    """A server that is asked over HTTP; a context manager that ends the connection."""

    def __init__(self, target: Target) -> None:
        import httpx  # noqa: PLC0415 — help and completion must not wait for it

        self.target = target
        self.address = address(target)
        self._errors = httpx
        self._client = httpx.Client(
            base_url=self.address + PREFIX,
            headers=authorization(target),
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            transport=transport(self.address, target),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, *path: str, **parameters: str | int | list[str]) -> Any:
        """Read one thing; raises Refused or Unreachable."""
        return self._ask("GET", path, parameters, None).json()

    def post(self, *path: str, body: Record | None = None) -> Any:
        """Have something done; raises Refused or Unreachable."""
        return self._ask("POST", path, {}, body or {}).json()

    def read(self, run: str, path: str, offset: int, length: int) -> tuple[bytes, int]:
        """Read a range of a file in a sandbox; gives it with the size of the whole, offset -1 for the size alone."""
        answer = self._ask("GET", ("runs", run, "file"), {"path": path, "offset": offset, "length": length}, None)
        return answer.content, int(answer.headers["X-Portico-Size"])

    def events(self, parameters: Parameters, patience: float | None = None) -> Iterator[Record]:
        """Give changes as they come; raises Quiet after `patience` seconds without one, Refused when cut off."""
        timeout = self._errors.Timeout(patience, connect=CONNECT_SECONDS)
        with (
            self._translated(patience),
            self._client.stream("GET", "/events", params=dict(parameters), timeout=timeout) as answer,
        ):
            if answer.is_error:
                answer.read()
            check(answer)
            for line in answer.iter_lines():
                event = json.loads(line)
                if "error" in event and "revision" not in event:
                    raise Refused(event["error"]["code"], event["error"]["message"])
                yield event

    def _ask(self, method: str, path: tuple[str, ...], parameters: Parameters, body: Record | None) -> httpx.Response:
        url = "/" + "/".join(quote(part, safe="") for part in path)
        with self._translated(None):
            answer = self._client.request(method, url, params=dict(parameters), json=body)
        check(answer)
        return answer

    @contextmanager
    def _translated(self, patience: float | None) -> Iterator[None]:
        """Turn the HTTP library's errors into ours."""
        try:
            yield
        except (self._errors.ConnectError, self._errors.ConnectTimeout) as error:
            raise self._unconnected(error) from error
        except self._errors.ReadTimeout as error:
            if patience is not None:
                raise Quiet from error
            raise Unreachable(f"the server at {self.address} did not answer in {ANSWER_SECONDS:g} s") from error
        except self._errors.HTTPError as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> Unreachable:
        """Say how a connection ended; a server that wants to know who asks often ends it without a word."""
        silent = self.address.startswith("https://") and self.target.cert_file is None
        hint = "; if it wants a client's certificate, show one with --cert-file" if silent else ""
        return Unreachable(f"the connection to the server at {self.address} broke: {error}{hint}")

    def _unconnected(self, error: Exception) -> Unreachable:
        """Tell a server that is not there from one that is not trusted."""
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            hint = "name the file of its authority with --ca-file"
            return Unreachable(f"the server at {self.address} is not trusted: {error}; {hint}")
        return unreachable(self.target)


def address(target: Target) -> str:
    """Find the server's HTTP address; raises Unreachable when the data directory names none."""
    if target.server is not None:
        chosen = target.server.rstrip("/")
        if not chosen.startswith(("http://", "https://")):
            raise Misused(f"--server: {target.server!r} is not an address; expected such as http://127.0.0.1:8080")
        return chosen
    http = endpoints(target.directory).get("http")
    if not isinstance(http, str):
        raise unreachable(target)
    return http


def endpoints(directory: Path) -> Record:
    """Read DIR/endpoints.json; empty when no server has written one."""
    path = directory / ENDPOINTS
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Failed(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise Failed(f"{path} holds no JSON object")
    return content


def unreachable(target: Target) -> Unreachable:
    """Say that nobody answers, and what helps."""
    if target.server is not None:
        return Unreachable(f"no server answers at {target.server}")
    directory = target.directory
    start = Target(data_dir=target.data_dir and directory).command("up")
    return Unreachable(f"no server is running for data directory {directory}; start one with: {start}")


def authorization(target: Target) -> dict[str, str]:
    """Give the header that says who asks, if a token is wanted."""
    if target.token_file is None:
        return {}
    try:
        token = target.token_file.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise Misused(f"--token-file: {target.token_file} cannot be read: {error}") from error
    if not token:
        raise Misused(f"--token-file: {target.token_file} is empty")
    return {"Authorization": f"Bearer {token}"}


def transport(server: str, target: Target) -> httpx.HTTPTransport:
    """Give a direct connection: a proxy of the environment is not meant for this server.

    Certificates are looked at only where they can come; loading the authorities takes longer than most answers.
    """
    import httpx  # noqa: PLC0415 — as above

    return httpx.HTTPTransport(verify=trust(target) if server.startswith("https://") else False)


def trust(target: Target) -> ssl.SSLContext:
    """Say whom to trust, and what to show to a server that wants to know who asks; raises Misused for a wrong file."""
    import httpx  # noqa: PLC0415 — as above

    if target.key_file is not None and target.cert_file is None:
        raise Misused("--key-file is given without --cert-file")
    context = httpx.create_ssl_context()
    option = "--ca-file"
    try:
        if target.ca_file is not None:
            context = ssl.create_default_context(cafile=target.ca_file)
        option = "--cert-file"
        if target.cert_file is not None:
            context.load_cert_chain(target.cert_file, target.key_file)
    except (OSError, ValueError) as error:  # SSLError is one of the former
        file = target.ca_file if option == "--ca-file" else target.cert_file
        raise Misused(f"{option}: {file} cannot be used: {error}") from error
    return context


def check(answer: httpx.Response) -> None:
    """Raise what the server refused, as it said it."""
    if not answer.is_error:
        return
    try:
        error = answer.json()["error"]
        kind, message, field = str(error["code"]), str(error["message"]), str(error.get("field") or "")
    except (ValueError, KeyError, TypeError):
        message = f"{answer.url.copy_with(query=None)} answered {answer.status_code}: this is no Portico server"
        raise Failed(message) from None
    if kind == "unauthenticated":
        message += "; give it with --token-file"
    raise (Rejected if kind == "invalid" else Refused)(kind, message, field)
