"""Users of the door: who somebody is by certificate, and who they may act as.

Owns the tables of the configuration and the rules for looking things up in them; pure. Sources: a certificate is found
by common name and fingerprint, else by the common name of an entry without one; whoever acts as somebody else needs the
permission to, for every role of that user.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from portico.settings import ArmonikAuth

IMPERSONATE = "General:Impersonate:"
"""Followed by a role."""


class User(msgspec.Struct, frozen=True):
    """Somebody, with what their roles let them do."""

    username: str
    roles: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        """Tell whether this is allowed."""
        return permission in self.permissions

    def may_act_as(self, other: User) -> bool:
        """Tell whether this user may be taken for another."""
        return all(self.may(IMPERSONATE + role) for role in other.roles)


class Users:
    """All users, as configured; `everything` are the permissions of all RPCs.

    Where authorisation is not required, everybody known has all permissions and no roles.
    """

    def __init__(self, auth: ArmonikAuth, everything: Iterable[str]) -> None:
        self.everything = frozenset((*everything, IMPERSONATE.rstrip(":")))
        self.anonymous = User("Anonymous", (), self.everything)
        self._users = {name: self._user(name, auth) for name in auth.users}
        self._by_certificate = {(entry.cn, entry.fingerprint): entry.user for entry in auth.certificates}

    def _user(self, name: str, auth: ArmonikAuth) -> User:
        if not auth.require_authorization:
            return User(name, (), self.everything)
        roles = auth.users[name]
        return User(name, roles, frozenset(allowed for role in roles for allowed in auth.roles[role]))

    def named(self, name: str) -> User | None:
        """Give a user; the id of one is its name."""
        return self._users.get(name)

    def certified(self, common_name: str, fingerprints: Iterable[str]) -> User | None:
        """Give whose certificate this is."""
        found = (self._by_certificate.get((common_name, fingerprint)) for fingerprint in (*fingerprints, ""))
        return next((self._users[name] for name in found if name is not None), None)
