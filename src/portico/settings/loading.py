"""From file, environment and command line to one Settings value, or to all that is wrong with them.

Owns the top level of the configuration. Reads the one file it is given, and what that names for secrets
and for TLS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico.settings import scalars
from portico.settings.capacity import images, nodes, pools
from portico.settings.doors import Doors, doors
from portico.settings.environment import add_environment, add_overrides
from portico.settings.kinds import kinds, python
from portico.settings.layers import Layers
from portico.settings.model import (
    AuthSettings,
    LogSettings,
    RetentionSettings,
    Settings,
)
from portico.settings.problems import Problem, SettingsError, nearest
from portico.settings.reading import Place, Table
from portico.settings.scalars import (
    available,
    boolean,
    choice,
    duration,
    fraction,
    integer,
    origins,
    port,
    secret,
    text,
)
from portico.settings.timers import timers
from portico.settings.toml_source import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_RETENTION = RetentionSettings()
_LOG = LogSettings()
_MOST_ROWS = 10**12
_engine = available(("local",), ("ray",))
_store = available(("sqlite", "memory"), ("postgresql", "postgres"))
_objects = available(("files",), ("s3", "gs", "az"))


def load(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object]) -> Settings:
    """Read the configuration: `overrides` (flags by key) over `environ` over the file over defaults.

    Raises SettingsError with one line for each problem; broken TOML is reported alone.
    """
    content: tuple[str, dict[str, Any]] = ("", {}) if path is None else read_toml(path)
    layers = Layers(path, *content, environ.get("HOME"))
    add_environment(layers, environ)
    add_overrides(layers, overrides)
    problems = [Problem(key, "there is no such place", "a key inside a table or array") for key in layers.misplaced]
    place = Place(layers.tree, (), layers, problems)
    settings = _settings(place)
    _check_whitelist(place, settings)
    if problems:
        raise SettingsError(_lines(layers, problems))
    return settings


def _check_whitelist(place: Place, settings: Settings) -> None:
    """A node that is offered must be one that is declared, where any is."""
    declared = [node.name for node in settings.nodes]
    for name in sorted(settings.mesos_whitelist or ()):
        if declared and name not in declared:
            at = place.inner("doors", None).inner("mesos", None).inner("whitelist", None)
            at.reject(f"no node is named {name!r}", nearest(name, declared))


def _lines(layers: Layers, problems: list[Problem]) -> list[str]:
    """Say each problem with its place, in the order in which they stand in the file."""
    placed = [(layers.place(problem.key), problem) for problem in problems]
    placed.sort(key=lambda pair: pair[0])
    lines = [f"{place[2]}: {problem.what}; expected {problem.expected}" for place, problem in placed]
    return list(dict.fromkeys(lines))


def _settings(place: Place) -> Settings:
    default = Settings(data_dir=place.layers.home() / ".local/share/portico")
    with Table(place) as table:
        opened = table.take("doors", doors, Doors())
        return Settings(
            host=table.take("host", text, default.host),
            advertise=table.take("advertise", text, default.advertise),
            grpc_port=table.take("grpc_port", port, default.grpc_port),
            http_port=table.take("http_port", port, default.http_port),
            mesos_port=table.take("mesos_port", port, default.mesos_port),
            agent_port=table.take("agent_port", port, default.agent_port),
            doors=opened.enabled,
            native_ports=table.take("native_ports", boolean, default.native_ports),
            engine=table.take("engine", _engine, default.engine),
            data_dir=table.take("data_dir", scalars.path, default.data_dir),
            store=table.take("store", _store, default.store),
            objects=table.take("objects", _objects, default.objects),
            kinds=table.take("kinds", kinds, default.kinds),
            python=table.take("python", python, default.python),
            nodes=table.take("nodes", nodes, default.nodes),
            pools=table.take("pools", pools, default.pools),
            images=table.take("images", images, default.images),
            partitions=opened.armonik.partitions,
            armonik=opened.armonik.settings,
            titus=opened.titus.settings,
            titus_limits=opened.titus.limits,
            beam_forward=opened.beam_forward,
            mesos_hierarchical_roles=opened.mesos.hierarchical_roles,
            mesos_perf_events=opened.mesos.perf_events,
            mesos_credentials=opened.mesos.credentials,
            mesos_limit_disk=opened.mesos.limit_disk,
            mesos_whitelist=opened.mesos.whitelist,
            timers=table.take("timers", timers, default.timers),
            retention=table.take("retention", _retention, default.retention),
            auth=table.take("auth", _auth, default.auth),
            log=table.take("log", _log, default.log),
        )


def _retention(place: Place) -> RetentionSettings:
    with Table(place) as table:
        return RetentionSettings(
            age=table.take("age", duration, _RETENTION.age),
            count=table.take("count", integer(0, _MOST_ROWS), _RETENTION.count),
            events_age=table.take("events_age", duration, _RETENTION.events_age),
            events_count=table.take("events_count", integer(0, _MOST_ROWS), _RETENTION.events_count),
            sandbox_age=table.take("sandbox_age", duration, _RETENTION.sandbox_age),
            sandbox_min_free=table.take("sandbox_min_free", fraction, _RETENTION.sandbox_min_free),
            sessions_age=table.take("sessions_age", duration, _RETENTION.sessions_age),
            sessions_count=table.take("sessions_count", integer(0, _MOST_ROWS), _RETENTION.sessions_count),
            sessions_idle=table.take("sessions_idle", duration, _RETENTION.sessions_idle),
        )


def _auth(place: Place) -> AuthSettings:
    with Table(place) as table:
        auth = AuthSettings(
            token=table.take("token", secret, None),
            tls_cert=table.take("tls_cert", scalars.path, None),
            tls_key=table.take("tls_key", scalars.path, None),
            tls_client_ca=table.take("tls_client_ca", scalars.path, None),
            origins=table.take("origins", origins, ()),
        )
    if (auth.tls_cert is None) != (auth.tls_key is None):
        place.reject("only one of tls_cert and tls_key is given", "both or none")
    if auth.tls_client_ca is not None and auth.tls_cert is None:
        place.reject("tls_client_ca is given without tls_cert", "tls_cert and tls_key too")
    for name, file in (("tls_cert", auth.tls_cert), ("tls_key", auth.tls_key), ("tls_client_ca", auth.tls_client_ca)):
        if file is not None:
            scalars.check_readable(place.inner(name, None), file)
    return auth


def _log(place: Place) -> LogSettings:
    with Table(place) as table:
        return LogSettings(
            level=table.take("level", choice(("debug", "info", "warning", "error")), _LOG.level),
            format=table.take("format", choice(("console", "json")), _LOG.format),
        )
