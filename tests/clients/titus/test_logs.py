"""What a task wrote, read where its log location leads."""

from __future__ import annotations

import http.client
import re
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import urlopen

import pytest
from clients.titus.descriptors import batch, service
from clients.titus.waiting import archived, finished, started

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]


def read(url, **query):
    with urlopen(url + "".join(f"?{name}={value}" for name, value in query.items()), timeout=10) as answer:
        return answer.read().decode()


def test_output_of_a_task_that_is_over(grpc):
    job = grpc.create(batch("echo out; echo err >&2; mkdir -p deep; echo own > deep/notes.txt"))
    finished(grpc, job)
    (task,) = archived(grpc, job)
    assert "liveStream" not in task["logLocation"]
    url = task["logLocation"]["ui"]["url"]
    page = read(url)
    (out,), (deep,) = (re.findall(f'href="([^"]*{name})"', page) for name in ("f=stdout", "path=deep"))
    assert read(urljoin(url, out)) == "out\n"
    (notes,) = re.findall('href="([^"]*f=deep/notes.txt)"', read(urljoin(url, deep)))
    live = urljoin(url, notes).partition("?")[0]
    assert (read(live), read(live, f="stderr"), read(live, f="deep/notes.txt")) == ("out\n", "err\n", "own\n")
    for name in ("never-there", "../../../../etc/passwd"):
        with pytest.raises(HTTPError, match=r"40[034]"):
            read(live, f=name)


def test_output_is_followed_while_it_grows(grpc, tmp_path):
    gate = tmp_path / "gate"
    job = grpc.create(service(f"echo one; while [ ! -e {gate} ]; do sleep 0.05; done; echo two; exec sleep 600"))
    (task,) = started(grpc, job, 1)
    url = urlsplit(task["logLocation"]["liveStream"]["url"])
    connection = http.client.HTTPConnection(url.netloc, timeout=10)
    connection.request("GET", f"{url.path}?f=stdout")
    answer = connection.getresponse()
    assert answer.readline() == b"one\n"
    gate.touch()
    assert answer.readline() == b"two\n"
    grpc.kill_job(job)
    assert answer.read() == b""
    answer.close()
    connection.close()
