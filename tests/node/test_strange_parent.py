"""An agent whose keeper died before it came up has a stranger for a parent, whose other children are no business of it."""

import subprocess
import sys
import tempfile
from pathlib import Path

from portico.node.config import NodeConfig, write_config

PARENT = """
import os, subprocess, sys, time
directory = sys.argv[1]
bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
listen, tell = os.pipe()
os.set_inheritable(listen, True)
agent = subprocess.Popen(
    [sys.executable, "-m", "portico.node", "agent", "--directory", directory, "--pipe", str(listen)],
    pass_fds=(listen,),
)
end = time.monotonic() + 15
while not os.path.exists(os.path.join(directory, "host.sock")) and agent.poll() is None and time.monotonic() < end:
    time.sleep(0.01)
alive = bystander.poll() is None
for process in (agent, bystander):
    process.kill()
    process.wait()
print("came up" if os.path.exists(os.path.join(directory, "host.sock")) else "did not come up", alive)
"""


def test_children_of_a_parent_that_is_not_its_keeper_are_left_alone():
    with tempfile.TemporaryDirectory(prefix="pn", dir="/tmp") as name:
        directory = Path(name)
        write_config(directory, NodeConfig("n1", f"unix:{directory}/absent.sock", "s", {"cpus": 1000}, cgroups=False))
        command = [sys.executable, "-c", PARENT, str(directory)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=18)
    assert done.stdout == "came up True\n", done.stderr
