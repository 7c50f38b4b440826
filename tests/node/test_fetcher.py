"""Fetching from files and from a web server on the loopback interface."""

import asyncio
import gzip
import io
import os
import stat
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck as Health
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.domain.runs import Fetch
from portico.node import fetch_sources
from portico.node.fetcher import FetchCache, FetchFailed, fetch_all

CAP = 1 << 20


class Web(ThreadingHTTPServer):
    """Serves `files` by path; `asked` are the paths that were asked for, `gate` holds /slow back."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.files = {}
        self.asked = []
        self.gate = threading.Event()
        self.reached = threading.Event()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Answering(BaseHTTPRequestHandler):
    """Answers as the path says."""

    def do_GET(self):
        web = self.server
        web.asked.append(self.path)
        path = self.path.partition("?")[0]
        if path == "/slow":
            web.reached.set()
            web.gate.wait(10)
        if path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", web.files[path])
            self.end_headers()
            return
        if path not in web.files:
            self.send_error(404)
            return
        content = web.files[path]
        self.send_response(200)
        if path != "/endless":
            self.send_header("Content-Length", str(len(content) + (500 if path == "/broken" else 0)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments):
        """Say nothing."""


@pytest.fixture
def web(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    web = Web()
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield web
    web.gate.set()
    web.shutdown()
    thread.join()
    web.server_close()


@pytest.fixture
def box(tmp_path):
    box = tmp_path / "box"
    box.mkdir()
    return box


@pytest.fixture
def cache(tmp_path):
    return FetchCache(tmp_path / "cache", 10_000)


def fetch(box, cache, *fetches, cap=CAP, user=""):
    asyncio.run(fetch_all(fetches, box, cache, cap, user))
    return {str(path.relative_to(box)): path for path in box.rglob("*") if path.is_file()}


def tgz(**files):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def test_files_by_path_and_uri(tmp_path, box, cache):
    source = tmp_path / "with blank"
    source.write_bytes(b"content")
    uri = f"file://{tmp_path}/with%20blank"
    found = fetch(
        box, cache, Fetch(str(source)), Fetch(uri, output_file="a/b/c"), Fetch(uri, output_file="x", executable=True)
    )
    assert {name: path.read_bytes() for name, path in found.items()} == dict.fromkeys(
        ["with blank", "a/b/c", "x"], b"content"
    )
    assert stat.S_IMODE(found["x"].stat().st_mode) == 0o755
    assert stat.S_IMODE(found["a/b/c"].stat().st_mode) == 0o644


def test_web(web, box, cache):
    web.files = {"/dir/tool": b"#!", "/to/tool": "/dir/tool", "/to/again": web.url("/to/tool")}
    found = fetch(box, cache, Fetch(web.url("/dir/tool?version=2")), Fetch(web.url("/to/again"), output_file="moved"))
    assert {name: path.read_bytes() for name, path in found.items()} == {"tool": b"#!", "moved": b"#!"}


def test_archives_are_unpacked_beside_themselves(web, box, cache):
    web.files = {"/a.tgz": tgz(one=b"1"), "/words.gz": gzip.compress(b"words")}
    found = fetch(
        box,
        cache,
        Fetch(web.url("/a.tgz")),
        Fetch(web.url("/a.tgz"), output_file="kept.tgz", extract=False),
        Fetch(web.url("/a.tgz"), output_file="run.tgz", executable=True),
        Fetch(web.url("/words.gz"), output_file="sub/words.gz"),
    )
    assert sorted(found) == ["a.tgz", "kept.tgz", "one", "run.tgz", "sub/words", "sub/words.gz"]


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("ftp://host/file", "ftp is not served"),
        ("hdfs://host/file", "hdfs is not served"),
        ("gopher://host/file", "unknown scheme 'gopher'"),
        ("relative/path", "relative path"),
        ("", "relative path"),
        ("http:///file", "names no host"),
        ("http://[oops/file", "not a URI"),
        ("file://other.host/file", "this machine"),
        ("file:///no/such/file", "no such file"),
        ("/dev/zero", "not a plain file"),
        ("/etc", "not a plain file"),
        ("/tmp/a\0b", "zero byte"),
        ("http://127.0.0.1:1/file", "refused"),
        ("http://127.0.0.1:1/", "names no file"),
        ("http://127.0.0.1:1/a/..", "must not contain"),
        ("http://127.0.0.1:bad/x", "port"),
        ("http://127.0.0.1:1/bad path", "control characters"),
    ],
)
def test_failures_name_uri_and_reason(box, cache, uri, reason):
    with pytest.raises(FetchFailed, match=reason) as failed:
        fetch(box, cache, Fetch(uri))
    assert str(failed.value).startswith(f"could not fetch {uri}: ")


def test_web_failures(web, box, cache):
    web.files = {
        "/broken": b"half",
        "/endless": bytes(2000),
        "/large": bytes(2000),
        "/to/file": "file:///etc/passwd",
        "/to/ftp": "ftp://127.0.0.1/x",
        "/to/loop": "/to/loop",
    }
    for path, reason in {
        "/nothing": "404",
        "/broken": "4 of 504 bytes",
        "/endless": "1000 bytes allowed",
        "/large": "1000 bytes allowed",
        "/to/file": "not allowed",
        "/to/ftp": "not followed to",
        "/to/loop": "redirect",
    }.items():
        with pytest.raises(FetchFailed, match=reason):
            fetch(box, cache, Fetch(web.url(path)), cap=1000)
    assert all(path.stat().st_size <= 1000 for path in box.iterdir())


def test_all_fetches_of_a_run_share_the_cap(tmp_path, box, cache):
    (tmp_path / "file").write_bytes(bytes(600))
    with pytest.raises(FetchFailed, match="1000 bytes"):
        fetch(
            box,
            cache,
            Fetch(str(tmp_path / "file"), output_file="a"),
            Fetch(str(tmp_path / "file"), output_file="b"),
            cap=1000,
        )
    (tmp_path / "file.gz").write_bytes(gzip.compress(bytes(5000)))
    with pytest.raises(FetchFailed, match="1000 bytes"):
        fetch(box, cache, Fetch(str(tmp_path / "file.gz")), cap=1000)


def test_cached_file_is_brought_once(web, box, cache):
    web.files = {"/a.tgz": tgz(one=b"1"), "/tool": b"#!"}
    for _ in range(3):
        found = fetch(
            box,
            cache,
            Fetch(web.url("/a.tgz"), cache=True),
            Fetch(web.url("/tool"), cache=True, executable=True),
        )
    assert web.asked == ["/a.tgz", "/tool"]
    assert sorted(found) == ["one", "tool"], "a cached archive is unpacked straight from the cache"
    assert os.access(found["tool"], os.X_OK)


def test_runs_that_want_the_same_wait_for_one_transfer(web, tmp_path, cache):
    web.files = {"/slow": b"x" * 100}
    boxes = [tmp_path / f"box{number}" for number in range(4)]
    for box in boxes:
        box.mkdir()

    async def bring_all():
        bringing = [fetch_all([Fetch(web.url("/slow"), cache=True)], box, cache, CAP, "") for box in boxes]
        together = asyncio.gather(*bringing)
        await asyncio.to_thread(web.reached.wait, 10)
        web.gate.set()
        await together

    asyncio.run(bring_all())
    assert web.asked == ["/slow"]
    assert [(box / "slow").read_bytes() for box in boxes] == [b"x" * 100] * 4


def test_cancelled_transfer_leaves_the_others_theirs(web, tmp_path, cache):
    web.files = {"/slow": b"x" * 100}
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    wanted = [Fetch(web.url("/slow"), cache=True)]

    async def bring():
        leading = asyncio.create_task(fetch_all(wanted, first, cache, CAP, ""))
        await asyncio.to_thread(web.reached.wait, 10)
        following = asyncio.create_task(fetch_all(wanted, second, cache, CAP, ""))
        await asyncio.sleep(0)
        leading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leading
        web.gate.set()
        await following

    asyncio.run(bring())
    assert (second / "slow").read_bytes() == b"x" * 100
    assert web.asked == ["/slow", "/slow"]


def test_failed_transfer_fails_all_who_wait_and_is_tried_again_later(web, tmp_path, box, cache):
    wanted = [Fetch(web.url("/slow"), cache=True)]

    async def bring():
        both = asyncio.gather(*[fetch_all(wanted, box, cache, CAP, "") for _ in range(2)], return_exceptions=True)
        await asyncio.to_thread(web.reached.wait, 10)
        web.gate.set()
        return await both

    assert [type(error) for error in asyncio.run(bring())] == [FetchFailed, FetchFailed]
    assert len(web.asked) == 1
    web.files = {"/slow": b"now"}
    assert fetch(box, cache, *wanted)["slow"].read_bytes() == b"now"
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.name.endswith(".part")] == []


STEPS = st.sampled_from(["..", ".", "", "a", "link", "~", "c:\\x"]) | st.text(max_size=3)


@settings(max_examples=80, suppress_health_check=[Health.function_scoped_fixture], deadline=None)
@given(steps=st.lists(STEPS, max_size=5), absolute=st.booleans(), cached=st.booleans())
def test_output_file_stays_inside(tmp_path_factory, steps, absolute, cached):
    place = tmp_path_factory.mktemp("fetch")
    box = place / "box"
    box.mkdir()
    (box / "link").symlink_to(place)
    (place / "source").write_bytes(b"planted")
    name = ("/" if absolute else "") + "/".join(steps)
    cache = FetchCache(place / "cache", 100)
    try:
        fetch(box, cache, Fetch(str(place / "source"), output_file=name, cache=cached, extract=False))
    except FetchFailed:
        assert [path for path in box.rglob("*") if path.is_file() and not path.is_symlink()] == []
    else:
        planted = box.joinpath(*[step for step in name.split("/") if step] or ["source"])
        assert planted.is_relative_to(box)
        assert planted.read_bytes() == b"planted"
    assert {path.name for path in place.iterdir()} == {"box", "cache", "source"}


def test_files_belong_to_the_user(tmp_path, box, cache):
    (tmp_path / "a.tgz").write_bytes(tgz(**{"d/one": b"1"}))
    if os.geteuid() != 0:
        with pytest.raises(Invalid, match="root"):
            fetch(box, cache, Fetch(str(tmp_path / "a.tgz")), user="root")
        return
    for path in (tmp_path, *list(tmp_path.parents)[:2]):
        path.chmod(0o755)
    found = fetch(box, cache, Fetch(str(tmp_path / "a.tgz"), output_file="s/a.tgz"), user="nobody")
    assert {path.stat().st_uid for path in box.rglob("*")} == {65534}
    assert sorted(found) == ["d/one", "s/a.tgz"]


def test_user_gets_no_file_it_could_not_read_itself(tmp_path, box, cache):
    secret = tmp_path / "secret"
    secret.write_text("for root only")
    secret.chmod(0o600)
    if os.geteuid() != 0:
        with pytest.raises(Invalid, match="root"):
            fetch(box, cache, Fetch(str(secret)), user="root")
        return
    for cached in (False, True):
        with pytest.raises(FetchFailed, match="Permission denied"):
            fetch(box, cache, Fetch(str(secret), cache=cached), user="nobody")
    assert not any(path.stat().st_size for path in box.iterdir())


def test_files_of_one_user_are_not_given_to_another_from_the_cache(tmp_path, box, cache):
    secret = tmp_path / "secret"
    secret.write_text("for root only")
    secret.chmod(0o600)
    fetch(box, cache, Fetch(str(secret), cache=True))
    (box / "secret").unlink()
    other, refusal = ("nobody", FetchFailed) if os.geteuid() == 0 else ("root", Invalid)
    with pytest.raises(refusal):
        fetch(box, cache, Fetch(str(secret), cache=True), user=other)


def test_later_fetch_replaces_what_an_earlier_one_brought(tmp_path, box, cache):
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    found = fetch(box, cache, *[Fetch(str(tmp_path / name), output_file="same") for name in ("one", "two")])
    assert found["same"].read_text() == "two"


def test_broken_off_thread_stops_at_its_next_step(web, box, cache, monkeypatch):
    web.files = {"/slow": b"x" * 100}
    ended = threading.Event()
    bring = fetch_sources.bring

    def noted(*arguments):
        try:
            bring(*arguments)
        finally:
            ended.set()

    monkeypatch.setattr("portico.node.fetcher.bring", noted)

    async def begin_and_break_off():
        task = asyncio.create_task(fetch_all([Fetch(web.url("/slow"))], box, cache, CAP, ""))
        await asyncio.to_thread(web.reached.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(begin_and_break_off())
    web.gate.set()
    assert ended.wait(10)
    assert (box / "slow").read_bytes() == b""


# ---- the cache by itself ---------------------------------------------------------------------------------------


async def keep(cache, uri, content, user=""):
    async def fill(path):
        path.write_bytes(content)

    handle = await cache.open(user, uri, fill)
    with os.fdopen(handle, "rb") as file:
        return file.read()


def test_least_recently_used_goes_first(tmp_path):
    cache = FetchCache(tmp_path, 30)

    async def use():
        for uri in ("a", "b", "c"):
            assert await keep(cache, uri, uri.encode() * 10) == uri.encode() * 10
        await keep(cache, "a", b"not asked for")
        assert await keep(cache, "d", b"d" * 10) == b"d" * 10
        assert await keep(cache, "a", b"new") == b"a" * 10
        assert await keep(cache, "b", b"new") == b"new"
        assert await keep(cache, "large", b"l" * 31) == b"l" * 31
        assert await keep(cache, "large", b"again") == b"again"

    asyncio.run(use())
    assert cache.size == sum(path.stat().st_size for path in tmp_path.iterdir()) <= 30


def test_users_do_not_share(tmp_path):
    cache = FetchCache(tmp_path, 30)

    async def use():
        assert await keep(cache, "a", b"one", "u1") == b"one"
        assert await keep(cache, "a", b"two", "u2") == b"two"

    asyncio.run(use())


def test_cache_survives_its_agent_and_a_cleaned_directory(tmp_path):
    asyncio.run(keep(FetchCache(tmp_path, 30), "a", b"kept"))
    (tmp_path / "x.1.part").write_bytes(b"unfinished")
    later = FetchCache(tmp_path, 30)
    assert later.size == 4
    assert asyncio.run(keep(later, "a", b"new")) == b"kept"
    for path in tmp_path.iterdir():
        path.unlink()
    assert asyncio.run(keep(later, "a", b"new")) == b"new"
    assert FetchCache(tmp_path, 2).size == 0
    assert list(Path(tmp_path).iterdir()) == []
