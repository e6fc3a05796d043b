"""`python -m tests.conformance`: what servers that are not ours make of us.

Levels `link` and `monitor` against libmodbus and node-opcua, Sign&Encrypt against node-opcua, and a pot of a foreign maker in C
that a table alone lets make a batch.

node-opcua is installed first, by its lock file, into var/conformance; libmodbus is a package of the system. What is missing is
skipped and named; where neither is, the command ends with 1. Arguments go to pytest.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.conformance import servers

TESTS = [f"tests/contract/test_{name}.py" for name in ("link", "monitor", "foreign", "foreign_pot", "foreign_security")]
MANIFEST = ("package.json", "package-lock.json")
PATIENCE_S = 600


def install_node_opcua() -> None:
    """Put in place what the lock file names, unless it is there."""
    home = servers.NODE_HOME
    wanted = {name: (servers.HERE / "node-opcua" / name).read_bytes() for name in MANIFEST}
    there = {name: (home / name).read_bytes() for name in MANIFEST if (home / name).exists()}
    npm = shutil.which("npm")
    if npm is None or (there == wanted and (home / "node_modules").is_dir()):
        return
    home.mkdir(parents=True, exist_ok=True)
    for name, content in wanted.items():
        (home / name).write_bytes(content)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=home, check=False, timeout=PATIENCE_S)


def missing() -> list[str]:
    """Say what cannot be tested against, and why."""
    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            servers.libmodbus(Path(folder))
        except servers.Missing as reason:
            found.append(f"libmodbus: {reason}")
    try:
        servers.node_opcua()
    except servers.Missing as reason:
        found.append(f"node-opcua: {reason}")
    return found


if __name__ == "__main__":
    install_node_opcua()
    reasons = missing()
    for reason in reasons:
        print(f"skipped: {reason}")
    if len(reasons) > 1:
        sys.exit(1)
    sys.exit(pytest.main(["-k", "libmodbus or node_opcua or foreign", *TESTS, *sys.argv[1:]]))
