"""Kinds that start by themselves, from outside."""

import contextlib
import itertools
import os
from datetime import UTC, datetime, timedelta

import pytest
from doors.jobv1.client.remote import COMPLETED, SCHEDULED
from live.server import until

pytestmark = pytest.mark.timeout(90)

TICKS = """
[kinds.tick]
command = ["/bin/sh", "-c", "echo x >> COUNT"]
cron_spec = "@every 1s"
[kinds.twice]
command = ["/bin/sh", "-c", "exit 1"]
cron_spec = "@every 1s"
retries = 1
[kinds.hourly]
command = ["/bin/true"]
cron_spec = "@every 1h"
[kinds.soon]
command = ["/bin/echo", "it is time"]
schedule_at = SOON
[kinds.busy]
command = ["/bin/cat", "PIPE"]
cron_spec = "@every 1s"
"""


@pytest.fixture
def config(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    soon = (datetime.now(UTC) + timedelta(seconds=8)).strftime("%Y-%m-%dT%H:%M:%SZ")
    places = {"COUNT": str(tmp_path / "count"), "PIPE": str(tmp_path / "pipe"), "SOON": soon}
    text = TICKS
    for name, place in places.items():
        text = text.replace(name, place)
    return text


def kind(live, name):
    return next(found for found in live.get("/kinds") if found["id"] == name)


def when(text):
    return datetime.fromisoformat(text)


def ends(live, uuid, count):
    """Give the first so many ends of a recurring instance."""
    events = live.events(table="instances", id=uuid, after=0)
    with contextlib.closing(events):
        found = (event["record"] for event in events if event["record"]["ended_at"] is not None)
        return list(itertools.islice(found, count))


def test_firings_share_one_instance_and_the_next_one_outlives_a_restart(own_server, connect, config, tmp_path):
    live = own_server(config)
    remote = connect(live)
    (tick,), (soon,), (hourly,) = (remote.lookup(kind=name) for name in ("tick", "soon", "hourly"))
    due, cron_due = kind(live, "soon")["next_at"], kind(live, "hourly")["next_at"]

    third = live.watch(lambda record: record["attempts"] == 3 and record["ended_at"], id=tick["uuid"])
    assert third["state"] == "succeeded"
    assert len((tmp_path / "count").read_text().splitlines()) >= 3
    (found,) = remote.lookup(kind="tick")
    assert (found["uuid"], found["created_at"]) == (tick["uuid"], tick["created_at"])

    (twice,) = remote.lookup(kind="twice")
    failed = [(record["state"], record["attempts"]) for record in ends(live, twice["uuid"], 2)]
    assert failed == [("failed", 2), ("failed", 4)]  # retries are counted for each firing anew, attempts over all

    live.ended(soon["uuid"])
    once = remote.find(soon["uuid"])
    assert (once["state"], once["attempts"], once["results"]) == (COMPLETED, 1, ["it is time"])
    assert when(once["processed_at"]) >= when(due)

    by_hand = remote.schedule("hourly")["uuid"]
    assert by_hand != hourly["uuid"]
    assert live.ended(by_hand)["attempts"] == 1

    live.restart()
    remote = connect(live)
    assert kind(live, "hourly")["next_at"] == cron_due
    assert [one["uuid"] for one in remote.lookup(kind="hourly")] == [hourly["uuid"], by_hand]
    assert remote.find(hourly["uuid"])["state"] == SCHEDULED
    before = found["attempts"]
    live.watch(lambda record: record["attempts"] > before + 1, id=tick["uuid"])
    assert [one["uuid"] for one in remote.lookup(kind="tick")] == [tick["uuid"]]
    assert remote.find(soon["uuid"]) == once
    assert kind(live, "soon")["next_at"] is None


def test_a_firing_is_skipped_while_the_one_before_still_runs(own_server, connect, config, tmp_path):
    live = own_server(config)
    remote = connect(live)
    (busy,) = remote.lookup(kind="busy")
    live.running(busy["uuid"])
    first = kind(live, "busy")["next_at"]
    until(lambda: kind(live, "busy")["next_at"] > first, "the next firing")
    second = kind(live, "busy")["next_at"]
    until(lambda: kind(live, "busy")["next_at"] > second, "the firing after that")
    assert remote.find(busy["uuid"])["attempts"] == 1
    (tmp_path / "pipe").write_text("enough")
    live.watch(lambda record: record["state"] == "running" and record["attempts"] == 2, id=busy["uuid"])
    (tmp_path / "pipe").write_text("enough")


MISSED = """
[kinds.caught-up]
command = ["/bin/true"]
cron_spec = "@every 3s"
catch_up = true
[kinds.skipped]
command = ["/bin/true"]
cron_spec = "@every 3s"
"""


def test_missed_firings_are_caught_up_once_or_skipped(own_server):
    live = own_server(MISSED)
    due = when(kind(live, "skipped")["next_at"])
    live.stop()
    until(lambda: datetime.now(UTC) > due + timedelta(seconds=3), "the time of another firing")
    back = datetime.now(UTC)
    live.start()
    for name, missed in (("caught-up", 1), ("skipped", 0)):
        late = 0
        for event in live.events(table="instances", scope=f"kind/{name}", after=0):
            record = event["record"]
            if record["state"] != "running" or when(record["started_at"]) < back:
                continue
            if when(record["due_at"]) > back:
                break  # the first of those that came at their time
            late += 1
        assert late == missed, name


def test_a_time_in_the_past_means_at_once_and_only_once(client, server):
    (early,) = client.lookup(kind="early")
    server.ended(early["uuid"])
    found = client.find(early["uuid"])
    assert (found["state"], found["attempts"], found["results"]) == (COMPLETED, 1, ["at once"])
    (later,) = client.lookup(kind="later")
    assert (later["state"], later["attempts"]) == (SCHEDULED, 0)
    assert "processed_at" not in later


def test_the_epoch_means_at_once_too(client, server):
    (one,) = client.lookup(kind="epoch")
    assert server.ended(one["uuid"])["attempts"] == 1
