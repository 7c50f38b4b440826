"""The examples of the page about the clients run as they stand, but for the address."""

import re
import subprocess
from pathlib import Path

import pytest
from clients.mesos.environments import CLIENTS, python_of

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]

PAGE = Path(__file__).parents[3] / "docs" / "doors" / "mesos_clients.md"
LAST = {"pymesos": "TASK_FINISHED", "mesoshttp": "TASK_FINISHED", "task_processing": "finished"}


def examples():
    sections = re.split(r"^## (\w+)$", PAGE.read_text(), flags=re.MULTILINE)[1:]
    for client, text in zip(sections[::2], sections[1::2], strict=True):
        for example in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
            yield pytest.param(client, example, id=client)


def test_every_client_has_an_example():
    assert [example.id for example in examples()] == list(CLIENTS)


@pytest.mark.parametrize(("client", "example"), list(examples()))
def test_an_example(client, example, master):
    assert "127.0.0.1:5050" in example
    program = example.replace("127.0.0.1:5050", master)
    done = subprocess.run([python_of(client), "-c", program], capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == LAST[client], done.stderr
