"""Everything a container needs before it can be started: image, user, sandbox, files, network, configuration.

Promises: whatever cannot be had is raised with a sentence before anything runs; broken off at any point, what was made
lies in the bundle and goes with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from portico.domain.containers import (
    CNI_NETWORK,
    HOST_NETWORK,
    NO_NETWORK,
    Container,
    Rlimit,
    checked_rlimits,
    resolved,
)
from portico.domain.errors import Invalid
from portico.domain.frames import LaunchOrder
from portico.domain.runs import RunSpec
from portico.node.cgroup_contract import CONTAINER_GROUP
from portico.node.containers import commands
from portico.node.containers.bundles import Bundle, Bundles, Facts
from portico.node.containers.identities import Identity, find_identity
from portico.node.containers.networks import Attachment, Networks, make_network
from portico.node.containers.places import HOST_DIRECTORY, container_places
from portico.node.containers.roots import Root, Roots
from portico.node.containers.specification import Execution, process, specification
from portico.node.containers.store import ImageStore
from portico.node.site import Site

_IDENTITIES = 1000

Bring = Callable[[LaunchOrder, Path, str], Awaitable[None]]
"""Brings the files that a Run wants into its sandbox, as a user."""


class Plan(msgspec.Struct, frozen=True):
    """A container, or a process that joins one, that only has to be started."""

    order: LaunchOrder
    bundle: Bundle
    joined: Bundle
    facts: Facts
    root: Root | None = None


class Planner:
    """Plans containers; `taken` are the roots that Runs have."""

    def __init__(
        self, site: Site, bundles: Bundles, roots: Roots, store: ImageStore, networks: Networks, bring: Bring
    ) -> None:
        self._site = site
        self._bundles = bundles
        self._roots = roots
        self._store = store
        self._networks = networks
        self._bring = bring
        self._identities: dict[tuple[str, str], Identity] = {}
        self.taken: dict[str, Root] = {}

    async def plan(self, order: LaunchOrder) -> Plan:
        """Prepare a container; raises PorticoError or OSError with the reason why it cannot be."""
        spec = order.spec
        assert spec.container is not None
        container = resolved(spec.container)
        _check(container)
        limits = _rlimits(spec)
        if spec.fetch or container.force_pull or not self._store.at_hand(container.image):
            self._site.report_preparing(order.run, order.token)
        image = await self._store.ensure(container.image, order.run, ask=container.force_pull)
        identity = await self._identity(image.digest, image.root, spec.user or image.config.user)
        argv = commands.command(container, spec, image.config)
        sandbox = self._site.sandboxes.create(order.run, str(identity.uid))
        await self._bring(order, sandbox, str(identity.uid))
        bundle = self._bundles.make(order.run)
        root = await self._roots.take(image.digest, image.root)
        self.taken[order.run] = root
        facts = Facts(
            container,
            order.run,
            container_name(self._site.directory, order.run),
            image.config,
            identity,
            commands.working_directory(container, spec, image.config),
            image.digest,
            image.root,
            root.layer,
            commands.stop_signal(container, image.config),
        )
        facts, attachment = await self._connect(facts, order.run, bundle)
        place = self._site.config.node, f"{HOST_DIRECTORY}/{self._site.host_socket.name}", str(sandbox)
        environment = commands.environment(order, container, image.config, identity.home, place)
        if facts.address:
            environment.setdefault("PORTICO_ADDRESS", facts.address)
        execution = Execution(argv, environment, facts.directory, identity, spec.umask, limits, spec.window)
        hosting = str(self._site.host_socket.parent) if spec.hosts else ""
        places = container_places(order.run, container, sandbox, bundle, (attachment, hosting))
        space = "host" if container.network == HOST_NETWORK else bundle.open_network() if attachment else ""
        named = (
            container if container.hostname else msgspec.structs.replace(container, hostname=_host_name(order, space))
        )
        bundle.write("config.json", specification(execution, named, root.path, places, space))
        return Plan(order, bundle, bundle, facts, root)

    async def plan_join(self, order: LaunchOrder, joined: Bundle) -> Plan:
        """Prepare a process that joins a container: the same image, root, mounts and network, a command of its own."""
        spec = order.spec
        around = joined.facts()
        if around is None:
            raise Invalid("the container to join is gone", "parent")
        if not spec.argv:
            raise Invalid("a process needs a command", "argv")
        if spec.fetch:
            self._site.report_preparing(order.run, order.token)
        tty = spec.attach.startswith("tty") or (spec.container is not None and spec.container.tty)
        container = msgspec.structs.replace(around.container, tty=tty)
        identity = around.identity
        if spec.user:
            identity = await self._identity(around.digest, around.root, spec.user)
        sandbox = self._site.sandboxes.create(order.run, str(identity.uid))
        await self._bring(order, sandbox, str(identity.uid))
        bundle = self._bundles.make(order.run)
        place = self._site.config.node, f"{HOST_DIRECTORY}/{self._site.host_socket.name}", str(sandbox)
        environment = commands.environment(order, container, around.image, identity.home, place)
        directory = commands.working_directory(container, spec, around.image)
        facts = msgspec.structs.replace(
            around,
            run=order.run,
            container=container,
            identity=identity,
            directory=directory,
            digest="",
            network=msgspec.Raw(b"null"),
        )
        bundle.note(facts)
        limits = _rlimits(spec)
        execution = Execution(spec.argv, environment, directory, identity, spec.umask, limits, spec.window)
        bundle.write("process.json", process(execution, container))
        return Plan(order, bundle, joined, facts)

    async def _identity(self, digest: str, root: str, user: str) -> Identity:
        """Look a user up in an image, which never changes."""
        known = self._identities.get((digest, user))
        if known is None:
            if len(self._identities) >= _IDENTITIES:
                self._identities.clear()
            known = self._identities[digest, user] = await asyncio.to_thread(find_identity, root, user)
        return known

    async def _connect(self, facts: Facts, run: str, bundle: Bundle) -> tuple[Facts, Attachment | None]:
        container = facts.container
        if not container.network.startswith(CNI_NETWORK):
            bundle.note(facts)
            return facts, None
        attachment = self._networks.plan(container.network.removeprefix(CNI_NETWORK), container.port_mappings)
        facts = msgspec.structs.replace(facts, network=msgspec.Raw(msgspec.json.encode(attachment)))
        bundle.note(facts)  # before the first plugin is called: what it made half is taken back by these words
        await make_network(bundle.network)
        attachment = await self._networks.attach(attachment, run, bundle.network)
        network = msgspec.Raw(msgspec.json.encode(attachment))
        facts = msgspec.structs.replace(facts, network=network, address=attachment.address)
        bundle.note(facts)
        return facts, attachment


def container_name(directory: Path, run: str) -> str:
    """Name a container for its runtime, unlike any other on this machine."""
    return CONTAINER_GROUP + hashlib.blake2b(f"{directory}\0{run}".encode(), digest_size=10).hexdigest()


def _check(container: Container) -> None:
    for target in (container.sandbox_target, *(mount.target for mount in container.mounts)):
        if not target.startswith("/") or ".." in target.split("/") or target.strip("/") == "":
            raise Invalid(f"{target!r} is no place in a container", "mounts")
    own = container.network.removeprefix(CNI_NETWORK) if container.network.startswith(CNI_NETWORK) else ""
    if container.network not in (HOST_NETWORK, NO_NETWORK) and not own:
        raise Invalid(f"{container.network!r} is no network: host, none or {CNI_NETWORK}NAME", "network")
    if container.port_mappings and container.network == NO_NETWORK:
        raise Invalid("a container without a network has no ports to map", "port_mappings")


def _rlimits(spec: RunSpec) -> tuple[Rlimit, ...]:
    stated = checked_rlimits(spec.rlimits)
    files = spec.limits.open_files
    if files and all(rlimit.name != "nofile" for rlimit in stated):
        return (*stated, Rlimit("nofile", files, files))
    return stated


def _host_name(order: LaunchOrder, space: str) -> str:
    """Name the container: after the machine on the machine's network, else after its Run."""
    return socket.gethostname() if space == "host" else order.run[:63]
