"""Generated wire code: owns everything below src/portico/wire, made from protos/<door>/*.proto.

Promises that a second run changes nothing, and that code whose contract is gone goes too.
The folder protos/<door> appears to protoc as portico/wire/<door>: the imports it writes are right
as they stand, and each contract has a path of its own in the one descriptor pool of a process.
Must never edit what protoc wrote.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
WIRE = ROOT / "src" / "portico" / "wire"
STUB_PLUGIN = Path(sys.executable).with_name("protoc-gen-mypy_grpc")

SERVICE = re.compile(r"^service\s", re.MULTILINE)


def main() -> int:
    """Bring the generated code up to date, or with --check only tell whether it is (0) or not (1)."""
    parser = argparse.ArgumentParser(description="Generate src/portico/wire from protos/.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a run would")
    check = parser.parse_args().check
    differences = compare(generate(), committed(), write=not check)
    for difference in differences:
        print(difference)
    if check and differences:
        print("generated code is not what protos/ says: run `make gen`")
        return 1
    return 0


def contracts() -> list[Path]:
    """List every contract, in a stable order."""
    return sorted(PROTOS.glob("*/*.proto"))


def generate() -> dict[str, bytes]:
    """Compile all contracts; gives the content of each generated file by its path below WIRE."""
    files = contracts()
    served = [path for path in files if SERVICE.search(path.read_text())]
    with tempfile.TemporaryDirectory() as directory:
        run_protoc(files, f"--python_out={directory}", f"--pyi_out={directory}")
        # Stubs are asynchronous only: every door is a grpc.aio servicer, and a servicer that
        # forgets an RPC of its service is then a type error.
        run_protoc(
            served,
            f"--grpc_python_out={directory}",
            f"--plugin=protoc-gen-mypy_grpc={STUB_PLUGIN}",
            f"--mypy_grpc_out=quiet,only_async:{directory}",
        )
        tree = read_tree(Path(directory) / "portico" / "wire")
    tree["__init__.py"] = b'"""Generated wire code, one package per door; `make gen` writes it."""\n'
    for door in {path.parent.name for path in files}:
        tree[f"{door}/__init__.py"] = f'"""Generated from protos/{door}."""\n'.encode()
    return tree


def run_protoc(files: list[Path], *outputs: str) -> None:
    """Run protoc over the contracts; its complaints go to stderr, and any of them ends the run."""
    doors = sorted({path.parent for path in contracts()})
    mappings = [f"-Iportico/wire/{door.name}={door}" for door in doors]
    command = [sys.executable, "-m", "grpc_tools.protoc", "--fatal_warnings", *mappings, *outputs, *map(str, files)]
    subprocess.run(command, check=True)


def committed() -> dict[str, bytes]:
    """Read the generated code as it stands."""
    return read_tree(WIRE)


def read_tree(top: Path) -> dict[str, bytes]:
    """Read all files below a folder but compiled ones, by their relative path."""
    return {
        path.relative_to(top).as_posix(): path.read_bytes()
        for path in top.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def compare(fresh: dict[str, bytes], old: dict[str, bytes], *, write: bool) -> list[str]:
    """Name each file that differs, and with `write` make the old tree equal to the fresh one."""
    differences = []
    for name in sorted(fresh.keys() | old.keys()):
        if fresh.get(name) == old.get(name):
            continue
        path = WIRE / name
        if name not in fresh:
            differences.append(f"stale: {path.relative_to(ROOT)}")
            if write:
                path.unlink()
        else:
            word = "changed" if name in old else "missing"
            differences.append(f"{word}: {path.relative_to(ROOT)}")
            if write:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(fresh[name])
    return differences


if __name__ == "__main__":
    sys.exit(main())
