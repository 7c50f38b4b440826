"""Names of images: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`. Pure.

Promises: what is taken is safe as a file name's digest and as an argument; anything else is refused with its reason.
"""

from __future__ import annotations

import re

import msgspec

from portico.domain.errors import Invalid

LATEST = "latest"
"""The tag that a name without tag and digest means."""

_LONGEST = 255
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Reference(msgspec.Struct, frozen=True):
    """A name taken apart; `host` is empty unless the name begins with a registry's."""

    repository: str
    host: str = ""
    tag: str = ""
    digest: str = ""

    @property
    def place(self) -> str:
        """Give the name without tag and digest."""
        return f"{self.host}/{self.repository}" if self.host else self.repository

    @property
    def tagged(self) -> str:
        """Give the name with its tag, the usual one when it has none."""
        return f"{self.place}:{self.tag or LATEST}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.place}{tag}{digest}"


def parse_reference(text: str) -> Reference:
    """Take a name apart; raises Invalid when it is none."""
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise Invalid(f"{text[:_LONGEST]!r} has no digest of the form sha256:64 hexadecimal digits", "image")
    first, slash, path = rest.partition("/")
    host = first if slash and ("." in first or ":" in first or first == "localhost") else ""
    if host:
        rest = path
    name, colon, tag = rest.partition(":")
    well_formed = (
        len(text) <= _LONGEST + len(digest)
        and _REPOSITORY.fullmatch(name)
        and (not host or _HOST.fullmatch(host))
        and (not colon or _TAG.fullmatch(tag))
    )
    if not well_formed:
        raise Invalid(f"{text[:_LONGEST]!r} is not the name of an image", "image")
    return Reference(name, host, tag, digest)


def is_digest(text: str) -> bool:
    """Tell whether this is a digest as we take them."""
    return _DIGEST.fullmatch(text) is not None
