"""Images of the tests' own: a busybox from the machine, laid out by the OCI image specification."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

BUSYBOX = Path("/bin/busybox")
COMMANDS = (
    "sh", "true", "false", "sleep", "cat", "echo", "id", "env", "pwd", "ps", "ls", "kill", "mount", "hostname", "touch",
    "tty", "stty", "ulimit", "ip", "wget", "nc", "httpd", "mkdir", "grep", "dd", "awk", "mkfifo", "test",
)  # fmt: skip
PASSWD = "root:x:0:0:root:/root:/bin/sh\nworker:x:1234:2345:worker:/home/worker:/bin/sh\n"
GROUP = "root:x:0:\nworkers:x:2345:\nextra:x:3456:other,worker\n"


def layer(files: dict[str, bytes] | None = None) -> bytes:
    """Give a layer with busybox, its commands, users, and some files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in ("bin", "etc", "root", "home", "home/worker", "tmp", "proc", "sys", "dev", "work"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            archive.addfile(entry)
        program = BUSYBOX.read_bytes()
        entry = tarfile.TarInfo("bin/busybox")
        entry.size, entry.mode = len(program), 0o755
        archive.addfile(entry, io.BytesIO(program))
        for name in COMMANDS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        for name, content in {"etc/passwd": PASSWD.encode(), "etc/group": GROUP.encode(), **(files or {})}.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), compresslevel=1, mtime=0)


def put_blob(folder: Path, data: bytes) -> dict[str, object]:
    """Put a part into a layout and give its descriptor without a type."""
    digest = hashlib.sha256(data).hexdigest()
    place = folder / "blobs" / "sha256" / digest
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def make_layout(folder: Path, tags: dict[str, dict[str, object]], data: bytes | None = None) -> dict[str, str]:
    """Lay out an image per tag, each with a configuration of its own; gives the digests of the manifests."""
    packed = layer() if data is None else data
    part = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **put_blob(folder, packed)}
    unpacked = hashlib.sha256(gzip.decompress(packed)).hexdigest()
    listed: list[dict[str, object]] = []
    for tag, config in tags.items():
        document = {
            "architecture": "amd64",
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{unpacked}"]},
        }
        described = put_blob(folder, json.dumps(document).encode())
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **described},
            "layers": [part],
        }
        entry = {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            **put_blob(folder, json.dumps(manifest).encode()),
            "annotations": {"org.opencontainers.image.ref.name": tag},
        }
        listed.append(entry)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": listed}))
    return {tag: str(entry["digest"]) for tag, entry in zip(tags, listed, strict=True)}
