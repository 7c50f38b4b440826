"""Networks of containers' own, made by CNI plugins.

A configuration is a file in the plugins' own format below `directory`; plugins are programs on `path`. Promises: what
was attached is detached with the same words; a network that cannot be made is the Run's end and says why.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from pathlib import Path

import msgspec

from portico.domain.containers import PortMapping
from portico.domain.errors import Damaged, Invalid, NotFound, PorticoError
from portico.node.containers import mounts
from portico.node.containers.tools import ToolFailed, find_tool, run_tool

DEFAULT_PATH = "/opt/cni/bin:/usr/lib/cni:/usr/libexec/cni"
_SUFFIXES = (".conflist", ".conf", ".json")
_INTERFACE = "eth0"
_MAPPING = "portMappings"
_PATIENCE = 60.0

Plugin = dict[str, object]


class Attachment(msgspec.Struct, frozen=True):
    """A container's place in a network; `plugins` are the words it was attached with, `result` the last answer."""

    name: str
    version: str
    plugins: tuple[Plugin, ...]
    result: Plugin = {}

    @property
    def address(self) -> str:
        """Give the container's first address, or nothing."""
        for entry in _list(self.result.get("ips")):
            address = entry.get("address")
            if isinstance(address, str):
                return address.partition("/")[0]
        return ""

    @property
    def name_servers(self) -> tuple[str, ...]:
        """Give the name servers that the network brings."""
        dns = self.result.get("dns")
        listed = dns.get("nameservers") if isinstance(dns, dict) else None
        return tuple(one for one in listed if isinstance(one, str)) if isinstance(listed, list) else ()


class Networks:
    """The networks that are configured on this machine."""

    def __init__(self, directory: Path, path: str) -> None:
        self._directory = directory
        self._path = path or os.environ.get("CNI_PATH", "") or DEFAULT_PATH

    def plan(self, name: str, mappings: tuple[PortMapping, ...]) -> Attachment:
        """Find a network's configuration and put the port mappings in; raises NotFound or Invalid."""
        version, plugins = self._find(name)
        taking = [plugin for plugin in plugins if _takes_mappings(plugin)]
        if mappings and not taking:
            raise Invalid(f"network {name!r} has no plugin that maps ports", "port_mappings")
        wanted = [{"hostPort": one.host, "containerPort": one.container, "protocol": one.protocol} for one in mappings]
        for plugin in taking:
            plugin["runtimeConfig"] = {_MAPPING: wanted}
        return Attachment(name, version, tuple(plugins))

    async def attach(self, attachment: Attachment, container: str, network: Path) -> Attachment:
        """Bring a container into a network; raises ToolFailed with the plugin's own reason."""
        result: Plugin = {}
        for plugin in attachment.plugins:
            answer = await self._call("ADD", attachment, plugin, result, container, str(network))
            result = _read(answer, f"network {attachment.name!r}") if answer.strip() else result
        return msgspec.structs.replace(attachment, result=result)

    async def detach(self, attachment: Attachment, container: str, network: Path) -> None:
        """Take a container out of a network again; every plugin is asked, the first failure is raised."""
        place = str(network) if os.path.ismount(network) else ""  # noqa: ASYNC240 — one system call
        failure: PorticoError | None = None
        for plugin in reversed(attachment.plugins):
            try:
                await self._call("DEL", attachment, plugin, attachment.result, container, place)
            except PorticoError as error:
                failure = failure or error
        if failure is not None:
            raise failure

    async def _call(
        self, verb: str, attachment: Attachment, plugin: Plugin, before: Plugin, container: str, network: str
    ) -> bytes:
        kind = str(plugin.get("type", ""))
        if "/" in kind:
            raise Invalid(f"network {attachment.name!r} names the plugin {kind!r}", "network")
        program = find_tool(kind, f"network {attachment.name!r}", self._path)
        told: Plugin = {**plugin, "cniVersion": attachment.version, "name": attachment.name}
        if before:
            told["prevResult"] = before
        environment = {
            "CNI_COMMAND": verb,
            "CNI_CONTAINERID": container,
            "CNI_NETNS": network,
            "CNI_IFNAME": _INTERFACE,
            "CNI_PATH": self._path,
        }
        try:
            return await run_tool([program], _PATIENCE, given=msgspec.json.encode(told), environment=environment)
        except ToolFailed as error:
            raise ToolFailed(f"network {attachment.name!r}: {_reason(error)}") from error

    def _find(self, name: str) -> tuple[str, list[Plugin]]:
        try:
            places = sorted(place for place in self._directory.iterdir() if place.suffix in _SUFFIXES)
        except OSError:
            places = []
        for place in places:
            written = _read(place.read_bytes(), str(place))
            if written.get("name") != name:
                continue
            listed = written.get("plugins")
            plugins = _list(listed) if listed is not None else [written]
            return str(written.get("cniVersion", "0.4.0")), [dict(plugin) for plugin in plugins]
        raise NotFound(f"no network {name!r} is configured in {self._directory}")


async def make_network(place: Path) -> None:
    """Make an empty network that stands behind a file for as long as that is mounted; raises OSError."""
    failures: list[OSError] = []

    def work() -> None:
        try:
            place.touch(mode=0o600)
            mounts.leave_network()
            mounts.mount_bind("/proc/thread-self/ns/net", str(place))
        except OSError as error:
            failures.append(error)

    def on_a_thread_that_ends() -> None:
        thread = threading.Thread(target=work, name="network")
        thread.start()
        thread.join()

    await asyncio.to_thread(on_a_thread_that_ends)
    if failures:
        raise failures[0]


def _takes_mappings(plugin: Mapping[str, object]) -> bool:
    offered = plugin.get("capabilities")
    return isinstance(offered, dict) and offered.get(_MAPPING) is True


def _list(value: object) -> list[Plugin]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _read(data: bytes, what: str) -> Plugin:
    try:
        return msgspec.json.decode(data, type=dict[str, object])
    except msgspec.DecodeError as error:
        raise Damaged(f"{what}: {error}") from error


def _reason(error: ToolFailed) -> str:
    """Pick the sentence out of a plugin's answer; one that did not answer has its last words quoted."""
    try:
        said = msgspec.json.decode(error.output, type=dict[str, object]).get("msg")
    except msgspec.DecodeError:
        said = None
    return said if isinstance(said, str) and said else str(error)
