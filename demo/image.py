"""An image made on the spot: this machine's `sh` with the libraries it needs, laid out by the OCI specification.

Promises: nothing is fetched; where this machine cannot run containers, the reason is a sentence.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

NAME = "portico-demo/sh:1"
TAG = "1"
MESSAGE = "an image made on the spot"
_SHELL = "/bin/sh"
_LIBRARY = re.compile(r"(/\S+) \(0x")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_TYPE = "application/vnd.oci.image"


def obstacle() -> str:
    """Say why this machine runs no containers; nothing when it seems to."""
    if os.geteuid() != 0:
        return "containers need root"
    missing = [tool for tool in ("skopeo", "umoci", "unshare", "ldd") if shutil.which(tool) is None]
    if not any(map(shutil.which, ("crun", "runc"))):
        missing.append("crun or runc")
    if missing:
        return f"containers need {', '.join(missing)}"
    mounting = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "containers need the right to mount, which this root lacks" if mounting.returncode else ""


def lay_out(folder: Path) -> str:
    """Make the image in a folder that is not there yet; gives its entry for the table `[images]`."""
    layer = _pack({**_program(), "/etc/motd": f"{MESSAGE}\n".encode()})
    config = {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_TYPE}.manifest.v1+json",
        "config": _put(folder, f"{_TYPE}.config.v1+json", json.dumps(config).encode()),
        "layers": [_put(folder, f"{_TYPE}.layer.v1.tar", layer)],
    }
    listed = _put(folder, f"{_TYPE}.manifest.v1+json", json.dumps(manifest).encode())
    listed["annotations"] = {"org.opencontainers.image.ref.name": TAG}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [listed]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return f"oci:{folder}:{TAG}"


def _program() -> dict[str, bytes]:
    """Read the shell and what it is linked with; a static one has no libraries."""
    told = subprocess.run(["ldd", _SHELL], capture_output=True, text=True, check=False).stdout
    return {place: Path(place).read_bytes() for place in [_SHELL, *_LIBRARY.findall(told)]}


def _pack(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for place, content in files.items():
            entry = tarfile.TarInfo(place.lstrip("/"))
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _put(folder: Path, kind: str, part: bytes) -> dict[str, object]:
    """Write a part of the image under its digest; gives what is said of it elsewhere."""
    digest = hashlib.sha256(part).hexdigest()
    place = folder / "blobs" / "sha256" / digest
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(part)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(part)}
