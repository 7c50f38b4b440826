"""Functions as Jobs: what their mark could not judge is refused by name; and the zone that cron lines are read in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portico.composing import surroundings
from portico.composing.jobs import WorkerPlace, python_jobs, require_zone
from portico.composing.surroundings import local_zone
from portico.domain.errors import Invalid
from portico.domain.identity import Instant
from portico.domain.jobs import Job, JobMode
from portico.doors.jobv1.outpost.discovery import Document, KindFact
from portico.doors.jobv1.outpost.worker import read_settings
from portico.kinds import Kind
from portico.settings import PythonSettings

PLACE = "my_jobs:tidy (/srv/my_jobs.py:3)"


def made(*options: Kind) -> list[Job]:
    facts = tuple(
        KindFact(one.name, "my_jobs", one.name, one.description, one, (), is_async=False, place=PLACE)
        for one in options
    )
    worker = WorkerPlace("unix:/link", Path("/secret"), "UTC")
    return python_jobs(Document(facts, ()), PythonSettings(), worker, Instant(1))


def test_what_is_right_becomes_a_kind_and_its_fleet() -> None:
    kind = Kind(name="tidy", cron_spec="@daily", backoff="1h30m", pool="/batch/night", resources={"mem": 64, "gpus": 0})
    kind_job, fleet = made(kind)
    assert (kind_job.id, kind_job.mode, kind_job.schedule.cron) == ("kind/tidy", JobMode.DEMAND, "@daily")
    assert (fleet.mode, fleet.pool) == (JobMode.SERVICE, "/batch/night")
    assert kind_job.template.fleet in fleet.id


def test_workers_of_kinds_that_state_their_memory_are_limited_to_it() -> None:
    jobs = made(Kind(name="any"), Kind(name="more", resources={"mem": 64.5}), Kind(name="cpu", resources={"cpus": 2}))
    fleets = {job.id.removeprefix("fleet/"): job.template.spec.limits for job in jobs if job.mode is JobMode.SERVICE}
    used = {job.id: fleets[job.template.fleet] for job in jobs if job.mode is JobMode.DEMAND}
    assert len(fleets) == len(used)
    assert {kind: (limits.cpus, limits.memory) for kind, limits in used.items()} == {
        "kind/any": (100, 0),
        "kind/more": (100, 129 << 19),
        "kind/cpu": (2000, 0),
    }


def test_a_kind_that_states_the_memory_that_others_claim_has_a_fleet_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("portico.composing.jobs.LEAST_MEMORY", 1)
    jobs = made(Kind(name="any"), Kind(name="same", resources={"mem": 32}))
    assert len({job.template.fleet for job in jobs if job.mode is JobMode.DEMAND}) == 2


@pytest.mark.parametrize("folders", [("/a",), ("/a", "/b c"), ("/a:b", "/c")])
def test_workers_look_where_they_are_told(tmp_path: Path, folders: tuple[str, ...]) -> None:
    (tmp_path / "secret").write_text("s")
    fact = KindFact("tidy", "m", "tidy", "", Kind(name="tidy"), (), is_async=False, place=PLACE)
    settings = PythonSettings(modules=("m", "n"), path=tuple(map(Path, folders)))
    worker = WorkerPlace("unix:/link", tmp_path / "secret", "UTC")
    _, fleet = python_jobs(Document((fact,), ()), settings, worker, Instant(1))
    told = read_settings(fleet.template.spec.environment | {"PORTICO_RUN_ID": "r", "PORTICO_RUN_TOKEN": "1"})
    assert (told.path, told.modules) == (folders, ("m", "n"))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"cron_spec": "61 * * * *"}, "cron_spec: cron field 'minute' is '61': 61 is above the maximum 59"),
        ({"cron_spec": "CRON_TZ=Nowhere/Atall * * * * *"}, "cron_spec: cron zone 'Nowhere/Atall' is unknown"),
        ({"schedule_at": "soon"}, "schedule_at: 'soon' is not an RFC 3339 time"),
        ({"backoff": "0.0000001s"}, "backoff: '0.0000001s' is finer than a microsecond"),
        ({"timeout": "999999999999h"}, "timeout: '999999999999h' is longer than 100 years"),
        ({"pool": "/a//b"}, "pool: '/a//b' has an empty part; expected a pool path such as /batch/nightly"),
        ({"priority": 1 << 31}, "priority: 2147483648 is out of range; expected an integer of 32 bits"),
        ({"retries": 1 << 31}, "retries: 2147483648 is out of range; expected an integer of 32 bits"),
        ({"resources": {"cpu": 1}}, "resources: unknown kind 'cpu'; expected cpus"),
        ({"resources": {"mem": 47}}, "resources: mem = 47 is too little for a worker; expected at least 48"),
        ({"resources": {"mem": 1e15}}, "resources: mem = 1e+15 is out of range; expected at most 1000000000000"),
    ],
)
def test_what_is_wrong_names_kind_place_and_option(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(Invalid) as refusal:
        made(Kind(name="tidy", **wrong))
    assert str(refusal.value) == f"[python] kind tidy at {PLACE}: {told}"


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        made(Kind(name="a", pool="/a//b", cron_spec="x"), Kind(name="fine"), Kind(name="b", timeout="1000000h"))
    assert [line.split(" at ")[0] for line in str(refusal.value).splitlines()] == [
        "[python] kind a",
        "[python] kind a",
        "[python] kind b",
    ]


def test_a_zone_of_the_server_that_is_none_stops_the_start_only_where_it_is_needed() -> None:
    require_zone(made(Kind(name="plain"), Kind(name="own", cron_spec="CRON_TZ=Europe/Berlin @daily")), "UTC0")
    with pytest.raises(Invalid, match="time zone 'UTC0' is unknown: the cron line of tidy"):
        require_zone(made(Kind(name="tidy", cron_spec="@daily")), "UTC0")


def test_the_servers_zone_is_named_by_variable_link_or_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = tmp_path / "zoneinfo" / "Europe" / "Berlin"
    rules.parent.mkdir(parents=True)
    rules.write_bytes(b"TZif")
    link, copy, name = tmp_path / "link", tmp_path / "copy", tmp_path / "timezone"
    link.symlink_to(rules)
    copy.write_bytes(b"TZif")
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(surroundings, "ZONE_NAME", name)
    for place, expected in ((link, "Europe/Berlin"), (copy, "UTC"), (tmp_path / "none", "UTC")):
        monkeypatch.setattr(surroundings, "LOCAL_TIME", place)
        assert local_zone() == expected
    name.write_text("Asia/Tokyo\n")
    monkeypatch.setattr(surroundings, "LOCAL_TIME", copy)
    assert local_zone() == "Asia/Tokyo"
    monkeypatch.setenv("TZ", ":America/Lima")
    assert local_zone() == "America/Lima"
