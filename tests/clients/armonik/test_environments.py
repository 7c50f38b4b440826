"""What the genuine clients are made of is always the same."""

import re
import tomllib

from clients.armonik.environments import BROWSER, PYTHON, RUST


def test_every_version_is_pinned():
    assert all(re.fullmatch(r"[\w-]+==[\w.]+", pin) for pins in PYTHON.values() for pin in pins)
    assert all(re.fullmatch(r"@?[\w./-]+@\d[\w.]+", pin) for pin in BROWSER)
    assert tomllib.loads((RUST / "Cargo.toml").read_text())["dependencies"]["armonik"]["version"].startswith("=")
    assert (RUST / "Cargo.lock").exists()
