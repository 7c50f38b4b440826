"""What is known of the place that an ACCEPT's operations are for, before anything is placed."""

from __future__ import annotations

import msgspec

from portico.domain.identity import SECOND, Micros


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """The framework, the offers' role and the agent that an ACCEPT is about.

    `principal` is whom the framework was authenticated as, empty for nobody. `slave_pid` (`slave(1)@ip:port`) and
    `endpoint` (`ip:port`) are the agent's. `volumes` is the absolute path of the folder in which the node keeps its
    persistent volumes. `limit_disk` tells whether tasks are ended that use more disk than they have, `shutdown_grace`
    how long executors have to end that do not say so themselves.
    """

    framework: str
    role: str
    agent: str
    node: str
    user: str = ""
    principal: str = ""
    roles: tuple[str, ...] = ()
    capabilities: frozenset[str] = frozenset()
    checkpoint: bool = False
    slave_pid: str = ""
    endpoint: str = ""
    volumes: str = ""
    limit_disk: bool = False
    shutdown_grace: Micros = Micros(5 * SECOND)
