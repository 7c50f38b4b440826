"""Commands that start a server, stop it, and tell how it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from portico.cli import dismissing, rendering, showing, words
from portico.cli.connection import Record, Server, endpoints, unreachable
from portico.cli.failures import Failed, Misused
from portico.cli.options import Asked, Target, data_directory
from portico.grpc_polling import import_grpc_without_threads

CONFIG_FILE = "portico.toml"
CONFIG_VARIABLE = "PORTICO_CONFIG"
STOP_SECONDS = 60.0
PORTS = Group("Addresses", sort_key=10)
_ADDRESSES = (("grpc", "gRPC"), ("mesos_master", "Mesos master"), ("mesos_agents", "Mesos agents"))
"""What of endpoints.json people are told beside the server's own address, and how it is called."""

Port = Annotated[int | None, Parameter(group=PORTS)]


def up(  # noqa: PLR0913 — the flags of the contract, all by keyword
    *,
    config: Path | None = None,
    data_dir: Path | None = None,
    host: Annotated[str | None, Parameter(group=PORTS)] = None,
    advertise: Annotated[str | None, Parameter(group=PORTS)] = None,
    grpc_port: Port = None,
    http_port: Port = None,
    mesos_port: Port = None,
    agent_port: Port = None,
    native_ports: Annotated[bool | None, Parameter(group=PORTS)] = None,
    doors: str | None = None,
    engine: str | None = None,
) -> int:
    """Start the server, in the foreground.

    Flags go before PORTICO_… variables, and these before the configuration file. SIGTERM and Ctrl-C stop the server
    and leave its Runs running; `portico down` stops them too.

    Parameters
    ----------
    config
        The configuration file [default: ./portico.toml, else DATA_DIR/portico.toml, where there is one].
    data_dir
        Where everything is kept [default: ~/.local/share/portico].
    host
        The address to listen on [default: 127.0.0.1].
    advertise
        The host that clients are told [default: the same].
    grpc_port
        Port of all gRPC doors; 0 is any free port, here and below [default: 50051].
    http_port
        Port of this command line, REST doors and metrics [default: 8080].
    mesos_port
        Port of the Mesos master [default: 5050].
    agent_port
        Port of the first Mesos agent, the next ones follow [default: 5051].
    native_ports
        Answer on each door's usual port too.
    doors
        Which doors to open, separated by commas [default: all].
    engine
        Where work runs [default: local, the only one there is yet].
    """
    import uvloop  # noqa: PLC0415 — only a server pays for the server's imports

    from portico.settings import SettingsError, load  # noqa: PLC0415 — as above

    flags: dict[str, object] = {
        "data_dir": data_dir,
        "host": host,
        "advertise": advertise,
        "grpc_port": grpc_port,
        "http_port": http_port,
        "mesos_port": mesos_port,
        "agent_port": agent_port,
        "doors": None if doors is None else [door.strip() for door in doors.split(",") if door.strip()],
        "native_ports": native_ports,
        "engine": engine,
    }
    try:
        settings = load(config_file(config, data_directory(data_dir)), os.environ, flags)
    except SettingsError as error:
        raise Misused(str(error)) from error
    import_grpc_without_threads()
    from portico.main import serve  # noqa: PLC0415 — as above

    return uvloop.run(serve(settings))


def config_file(chosen: Path | None, data: Path) -> Path | None:
    """Find the configuration file: the one chosen by flag or variable, else the one that lies here or in the data."""
    if chosen is not None:
        return chosen
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    # A directory that may not be looked into is told of when it is opened as the data directory.
    return next((path for path in (Path(CONFIG_FILE), data / CONFIG_FILE) if os.path.isfile(path)), None)  # noqa: PTH113


def down(
    *,
    keep_runs: Annotated[bool, Parameter(negative=())] = False,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> None:
    """Stop the server and everything it runs.

    Where the server is gone but nodes still run, they are stopped with their Runs all the same.

    Parameters
    ----------
    keep_runs
        Stop the server only; what runs goes on, and a new server finds it again.
    """
    told = {} if target.server is not None else endpoints(target.directory)
    pid = told.get("pid")
    process = dismissing.open_process(pid) if isinstance(pid, int) else None
    if target.server is None and process is None:
        said = _down_without_server(target, keep_runs=keep_runs)
    else:
        with Server(target) as server:
            server.post("shutdown", body={"stop_runs": not keep_runs})
        said = _await_end(target, process, keep_runs=keep_runs)
    if target.json:
        rendering.objects([{"id": target.server or str(target.directory), "state": "stopped", "message": said}])
    else:
        rendering.line(said)


def _await_end(target: Target, process: int | None, *, keep_runs: bool) -> str:
    """Wait until the server has ended, and its nodes with it; says what was reached."""
    if process is None:
        return f"the server at {target.server} is stopping"
    if not dismissing.wait_for_end(process, STOP_SECONDS):
        raise Failed(f"the server was told to stop, but has not ended in {STOP_SECONDS:g} s")
    if keep_runs:
        return "stopped the server; what it ran goes on"
    left = dismissing.live_keepers(target.directory)
    if left:
        raise Failed(f"the server has stopped, but {dismissing.describe(left)} did not end with it")
    return "stopped the server and all its Runs"


def _down_without_server(target: Target, *, keep_runs: bool) -> str:
    """Stop what a server left behind; says what was reached."""
    keepers = dismissing.live_keepers(target.directory)
    if not keepers:
        raise unreachable(target)
    if keep_runs:
        return f"no server is running; left going on, as wanted: {dismissing.describe(keepers)}"
    rendering.note(f"no server is running; still there: {dismissing.describe(keepers)}; stopping that with its Runs")
    dismissing.dismiss(target.directory)
    return "stopped what was left running; the next server here learns how it ended"


def status(*, target: Asked = Asked()) -> None:  # noqa: B008 — a frozen value
    """Show the server at a glance."""
    with Server(target) as server:
        overview: Record = server.get("overview")
        nodes: list[Record] = server.get("nodes")
        address = server.address
    told = {} if target.server is not None else endpoints(target.directory)
    if target.json:
        warnings = {node["id"]: node["warnings"] for node in nodes if node["warnings"]}
        rendering.objects([{"id": address, "state": "ready", **overview, "warnings": warnings, "endpoints": told}])
        return
    rendering.facts(
        [
            ("server", address),
            *((name, _addresses(told.get(key))) for key, name in _ADDRESSES),
            ("nodes", f"{overview['connected_nodes']} of {overview['nodes']} connected"),
            ("kinds", str(overview["kinds"])),
            ("workers", str(overview["workers"])),
            ("instances", words.counts(overview["instances"])),
            ("tasks", words.counts(overview["calls"])),
            ("runs", words.counts(overview["runs"])),
            ("revision", str(overview["revision"])),
        ]
    )
    for node in nodes:
        for warning in node["warnings"]:
            rendering.note(f"{node['id']}: {words.printable(warning)}")


def _addresses(told: object) -> str:
    return ", ".join(map(str, told)) if isinstance(told, list) else str(told or "")


def nodes(*, target: Asked = Asked()) -> None:  # noqa: B008 — a frozen value
    """List the nodes with what is free on them."""
    with Server(target) as server:
        found = server.get("nodes")
    if target.json:
        rendering.objects(found)
        return
    rendering.table(showing.NODES, map(showing.node_row, found), "no nodes")


def drain(
    node: str,
    /,
    *,
    undo: Annotated[bool, Parameter(negative=(), help="Open the node again.")] = False,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> None:
    """Close a node to new work; what runs there goes on."""
    with Server(target) as server:
        answer = server.post("nodes", node, "drain", body={"drain": not undo})
    if target.json:
        rendering.objects([answer | {"state": "ready" if undo else "draining"}])
        return
    rendering.line(f"node {words.printable(node)} takes new work again" if undo else f"node {node} takes no new work")


def pools(*, target: Asked = Asked()) -> None:  # noqa: B008 — a frozen value
    """Show the tree of pools with their use."""
    with Server(target) as server:
        found = server.get("pools")
    if target.json:
        rendering.objects(found)
        return
    tree = sorted(found, key=lambda record: record["id"].split("/") if record["id"] != "/" else [""])
    rendering.table(showing.POOLS, map(showing.pool_row, tree), "no pools")


def backup(
    file: Annotated[Path, Parameter(help="The file to write, on the server's machine.")],
    /,
    *,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> None:
    """Copy the server's state to a file while it runs."""
    with Server(target) as server:
        answer = server.post("backup", body={"target": str(file.absolute())})
    if target.json:
        rendering.objects([answer | {"id": answer["target"], "state": "written"}])
        return
    rendering.line(f"wrote {answer['target']}")
