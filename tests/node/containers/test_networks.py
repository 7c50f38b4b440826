"""Networks of containers' own."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
from pathlib import Path

import pytest
from node.containers.site import script, ship, told
from node.control import play, settled, until

from portico.domain.containers import PortMapping
from portico.domain.errors import Damaged, Invalid, NotFound
from portico.domain.runs import CheckKind, EndCause, HealthCheck
from portico.node.containers.networks import Attachment, Networks
from portico.node.containers.tools import ToolFailed

PLUGIN = """#!/bin/sh
given=$(cat)
echo "$CNI_COMMAND $CNI_CONTAINERID $CNI_IFNAME $given" >> {log}
case $CNI_COMMAND in
ADD) echo '{{"cniVersion":"0.4.0","ips":[{{"address":"10.9.8.7/24"}}],"dns":{{"nameservers":["10.9.8.1"]}}}}' ;;
esac
"""
BROKEN = """#!/bin/sh
cat >/dev/null
echo '{"cniVersion":"0.4.0","code":11,"msg":"no more addresses"}'
exit 1
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a folder of networks and a folder of plugins that only say what they were told."""
    (tmp_path / "net").mkdir()
    (tmp_path / "bin").mkdir()
    for name, text in (("first", PLUGIN), ("second", PLUGIN), ("broken", BROKEN)):
        program = tmp_path / "bin" / name
        program.write_text(text.format(log=tmp_path / "log") if text is PLUGIN else text)
        program.chmod(0o755)
    plugins = [{"type": "first", "bridge": "b0"}, {"type": "second", "capabilities": {"portMappings": True}}]
    (tmp_path / "net" / "10-blue.conflist").write_text(
        json.dumps({"cniVersion": "0.4.0", "name": "blue", "plugins": plugins})
    )
    (tmp_path / "net" / "20-red.conf").write_text(json.dumps({"name": "red", "type": "broken"}))
    (tmp_path / "net" / "30-gone.conf").write_text(json.dumps({"name": "gone", "type": "absent"}))
    return tmp_path


def said(place: Path) -> list[tuple[str, dict[str, object]]]:
    lines = (place / "log").read_text().splitlines()
    return [(words[0], json.loads(words[3])) for words in (line.split(" ", 3) for line in lines)]


def test_plugins_are_called_in_order_and_back_with_the_same_words(place: Path) -> None:
    networks = Networks(place / "net", str(place / "bin"))

    async def story() -> Attachment:
        attachment = networks.plan("blue", (PortMapping(80, 8080, "udp"),))
        attachment = await networks.attach(attachment, "c1", place / "ns")
        await networks.detach(attachment, "c1", place / "ns")
        return attachment

    attachment = asyncio.run(story())
    assert (attachment.address, attachment.name_servers) == ("10.9.8.7", ("10.9.8.1",))
    heard = said(place)
    assert [(verb, told["type"]) for verb, told in heard] == [
        ("ADD", "first"),
        ("ADD", "second"),
        ("DEL", "second"),
        ("DEL", "first"),
    ]
    mapping = {"portMappings": [{"hostPort": 80, "containerPort": 8080, "protocol": "udp"}]}
    assert [told.get("runtimeConfig") for _, told in heard] == [None, mapping, mapping, None]
    assert "prevResult" not in heard[0][1]
    assert all(told["prevResult"] == attachment.result for _, told in heard[1:])


def test_what_cannot_be_is_said(place: Path) -> None:
    networks = Networks(place / "net", str(place / "bin"))
    with pytest.raises(NotFound, match="no network 'green' is configured"):
        networks.plan("green", ())
    with pytest.raises(Invalid, match="no plugin that maps ports"):
        networks.plan("red", (PortMapping(1, 2),))
    with pytest.raises(ToolFailed, match="network 'red': no more addresses"):
        asyncio.run(networks.attach(networks.plan("red", ()), "c", place / "ns"))
    (place / "net" / "05-bad.conf").write_text("{")
    with pytest.raises(Damaged, match="05-bad"):
        networks.plan("blue", ())


@pytest.mark.containers
def test_no_network_is_a_loopback_only(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            _, shown = await told(site, script("r", "ip -o addr; cat /etc/hosts", network="none"))
            assert "127.0.0.1" in shown
            assert "eth0" not in shown
            outcome, _ = await told(site, script("m", "true", network="none", port_mappings=(PortMapping(1, 2),)))
            assert "has no ports to map" in outcome.message

    play(story())


@pytest.mark.containers
def test_a_network_that_cannot_be_is_the_end(layout: Path, place: Path) -> None:
    async def story() -> None:
        async with ship(layout, networks=str(place / "net"), network_plugins=str(place / "bin")) as site:
            for name, reason in (
                ("green", "no network 'green'"),
                ("red", "no more addresses"),
                ("gone", "needs 'absent'"),
            ):
                outcome, _ = await told(site, script(name, "true", network=f"cni:{name}"))
                assert outcome.cause is EndCause.LAUNCH_FAILED
                assert reason in outcome.message
            outcome, shown = await told(
                site, script("r", "echo $PORTICO_ADDRESS; cat /etc/resolv.conf /etc/hosts", network="cni:blue")
            )
            assert outcome.exit_code == 0
            assert shown.split()[0] == "10.9.8.7"
            assert "nameserver 10.9.8.1" in shown
            assert "10.9.8.7\tr" in shown
            await until(lambda: [verb for verb, _ in said(place)] == ["ADD", "ADD", "DEL", "DEL"])

    play(story())


@pytest.mark.containers
def test_a_bridge_gives_an_address_that_answers(layout: Path, tmp_path: Path) -> None:
    """The machine's own plugins: an address and a mapped port, reached from the host, gone when the container is."""
    name = f"pt{os.getpid() % 10_000}"
    ranges = {"type": "host-local", "ranges": [[{"subnet": "10.213.77.0/24"}]], "dataDir": str(tmp_path / "addresses")}
    bridge = {"type": "bridge", "bridge": name, "isGateway": True, "ipam": ranges}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "b.conflist").write_text(
        json.dumps({"cniVersion": "0.4.0", "name": name, "plugins": [bridge, ports]})
    )
    serve = "mkdir /www; echo hello > /www/index.html; echo $PORTICO_ADDRESS; httpd -f -p 8000 -h /www"

    async def story() -> None:
        async with ship(layout, networks=str(tmp_path / "net"), network_plugins="/usr/lib/cni:/opt/cni/bin") as site:
            check = HealthCheck(CheckKind.HTTP, port=8000, delay=0, interval=50_000)
            site.control.launch(
                script(
                    "r", serve, network=f"cni:{name}", port_mappings=(PortMapping(31777, 8000),), check=check, grace=0
                )
            )
            await site.control.runs("r")
            assert site.control.started["r"].address == "10.213.77.2"
            await settled(site, "r", b"10.213.77.2\n")
            await site.control.until(lambda: True in site.control.health.get("r", ()))
            assert fetched("10.213.77.2", 8000) == fetched("10.213.77.1", 31777) == b"hello\n"
            await site.kill_agent()
            site.control.stop("r", grace=0)
            await site.control.outcome("r")
            await until(lambda: not list((tmp_path / "addresses").glob("*/10.213.77.2")))

    try:
        play(story())
    finally:
        os.system(f"ip link delete {name} 2>/dev/null")


def fetched(host: str, port: int) -> bytes:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()
