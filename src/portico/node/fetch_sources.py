"""Bringing the bytes of a URI into an open file: local files, http and https.

Promises: never more bytes than allowed; never a file the Run's user could not read itself; a broken transfer is an
error, not a short file. Everything here blocks and belongs in a thread of its own.
"""

from __future__ import annotations

import http.client
import os
import stat
import subprocess
import urllib.error
import urllib.request
from typing import IO
from urllib.parse import unquote, urlsplit

from portico.domain.errors import Forbidden, Invalid, NotFound, Unavailable
from portico.node.accounts import Account
from portico.node.allowance import Allowance, Counted, copy

TIMEOUT_SECONDS = 60
_WEB = frozenset({"http", "https"})
_KNOWN_BUT_REFUSED = frozenset({"ftp", "ftps", "hdfs", "hftp", "s3", "s3a", "s3n", "docker"})


def check_scheme(uri: str) -> str:
    """Give the scheme, "file" for an absolute path; raises Invalid for what is not served."""
    if uri.startswith("/"):
        return "file"
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise Invalid(f"not a URI: {error}", "uri") from error
    if parts.scheme == "file" and parts.netloc not in {"", "localhost"}:
        raise Invalid("a file URI must name a file of this machine", "uri")
    if parts.scheme in _WEB and not parts.hostname:
        raise Invalid("the URI names no host", "uri")
    if parts.scheme == "file" or parts.scheme in _WEB:
        return parts.scheme
    if parts.scheme in _KNOWN_BUT_REFUSED:
        raise Invalid(f"{parts.scheme} is not served; use http, https or file", "uri")
    if not parts.scheme:
        raise Invalid("a relative path has nothing to be relative to; use an absolute one", "uri")
    raise Invalid(f"unknown scheme {parts.scheme!r}; http, https and file are served", "uri")


def bring(uri: str, target: int, allowance: Allowance, account: Account | None) -> None:
    """Write what a URI names into an open file. Raises errors of the domain's tree, OSError and HTTPException."""
    if check_scheme(uri) == "file":
        _bring_file(uri if uri.startswith("/") else unquote(urlsplit(uri).path), target, allowance, account)
    else:
        _bring_web(uri, target, allowance)


def _bring_file(path: str, target: int, allowance: Allowance, account: Account | None) -> None:
    if "\0" in path:
        raise Invalid("the path contains a zero byte", "uri")
    try:
        facts = os.stat(path)  # noqa: PTH116 — a path may be any bytes
    except FileNotFoundError as error:
        raise NotFound("there is no such file") from error
    if not stat.S_ISREG(facts.st_mode):
        raise Invalid("it is not a plain file", "uri")
    allowance.expect(facts.st_size)
    if account is not None:
        _bring_as(path, account, target, allowance)
        return
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as source:
        copy(Counted(source, allowance), target)


def _bring_as(path: str, account: Account, target: int, allowance: Allowance) -> None:
    """Let a process of the Run's user read the file, so that the kernel decides whether it may."""
    process = subprocess.Popen(
        ("/bin/cat", "--", path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env={"LC_ALL": "C"},
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            copy(Counted(process.stdout, allowance), target)
            # Whoever reaps the process, what it has to complain of is here.
            complaint = process.stderr.read(4096).decode(errors="replace").strip()
        finally:
            process.kill()
    if complaint:
        raise Forbidden(complaint)


def _bring_web(uri: str, target: int, allowance: Allowance) -> None:
    try:
        response = _opener().open(uri, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        with error:
            raise NotFound(f"the server answered {error.code} {error.reason}") from error
    with response:
        announced = response.headers.get("Content-Length", "")
        expected = int(announced) if announced.isdecimal() else None
        if expected is not None:
            allowance.expect(expected)
        copied = copy(Counted(response, allowance), target)
    if expected is not None and copied != expected:
        raise Unavailable(f"the transfer broke off after {copied} of {expected} bytes")


class _WebRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to the web only: a server must not make us read local files or speak other protocols."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Refuse other schemes than http and https."""
        if urlsplit(newurl).scheme not in _WEB:
            # This error holds the response, so that it is closed where errors of the server are.
            raise urllib.error.HTTPError(newurl, code, f"{msg}, which is not followed to {newurl!r}", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Make an opener that knows the web and nothing else; proxies are those of the agent's environment."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _WebRedirects(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "portico")]
    return opener
