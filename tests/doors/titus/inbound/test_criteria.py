import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.doors.titus.errors import TitusError
from portico.doors.titus.inbound.criteria import EVERYTHING, KEYS, Attribute, Criteria, read_criteria


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("jobIds", " a, b ,,c", Criteria(job_ids=frozenset("abc"))),
        ("taskIds", "t1", Criteria(task_ids=frozenset({"t1"}))),
        ("owner", " me@x ", Criteria(owner="me@x")),
        ("appName", "app", Criteria(application="app")),
        ("applicationName", "app", Criteria(application="app")),
        ("imageName", "i/j", Criteria(image="i/j")),
        ("imageTag", "v1", Criteria(tag="v1")),
        ("capacityGroup", "g", Criteria(capacity_group="g")),
        ("jobGroupStack", "s", Criteria(stack="s")),
        ("jobGroupDetail", "d", Criteria(detail="d")),
        ("jobGroupSequence", "001", Criteria(sequence="001")),
        ("jobType", "BATCH", Criteria(service=False)),
        ("jobType", " service", Criteria(service=True)),
        ("jobState", "killinitiated", Criteria(job_state="KillInitiated")),
        ("taskStates", "Started, launched", Criteria(task_states=frozenset({"Started", "Launched"}))),
        ("taskStates", "finished", Criteria(task_states=frozenset({"Finished"}))),
        ("taskStates", "Finished", Criteria(task_states=frozenset({"Finished"}), archive=True)),
        ("taskStateReasons", "normal,killed", Criteria(task_reasons=frozenset({"normal", "killed"}))),
        ("needsMigration", "TRUE", Criteria(needs_migration=True)),
        ("needsMigration", "yes", EVERYTHING),
        ("skipSystemFailures", "true", Criteria(skip_system_failures=True)),
        ("platformSidecar", "p", Criteria(sidecar="p")),
        ("platformSidecarChannel", "c", Criteria(sidecar_channel="c")),
        ("attributes", "k1", Criteria(attributes=(Attribute("k1"),))),
        ("labels", "k2:v:2", Criteria(attributes=(Attribute("k2", frozenset({"v:2"})),))),
        (
            "attributes",
            "k3, k3:a , k3:b",
            Criteria(attributes=(Attribute("k3", frozenset({"", "a", "b"})),)),
        ),
        *((key, " ", EVERYTHING) for key in sorted(KEYS)),
    ],
)
def test_every_key_is_read(key, value, expected):
    assert read_criteria({key: value}) == expected


def test_any_stands_for_all_task_states_and_does_not_mean_the_archive():
    criteria = read_criteria({"taskStates": "any"})
    assert criteria.task_states == {
        "Accepted",
        "Launched",
        "StartInitiated",
        "Started",
        "KillInitiated",
        "Disconnected",
        "Finished",
    }
    assert not criteria.archive


@pytest.mark.parametrize("key", ["attributes.op", "labels.op"])
@pytest.mark.parametrize(("operator", "any_of"), [("and", False), (" OR ", True), ("", False)])
def test_the_operator_says_whether_one_attribute_is_enough(key, operator, any_of):
    assert read_criteria({"attributes": "a,b", key: operator}).any_attribute is any_of


def test_newer_names_go_before_older_ones():
    criteria = read_criteria({"attributes": "new", "labels": "old", "appName": "old", "applicationName": "new"})
    assert criteria == Criteria(attributes=(Attribute("new"),), application="new")


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"jobId": "x"}, "Unrecognized field(s) [jobId]"),
        ({"b": "", "a": "", "owner": ""}, "Unrecognized field(s) [a, b]"),
        ({"jobType": "cron"}, "jobType"),
        ({"jobState": "Started"}, "jobState"),
        ({"taskStates": "Started,Gone"}, "taskStates value Gone"),
        ({"attributes.op": "xor"}, "attributes.op"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(given_, words):
    with pytest.raises(TitusError, match=r".") as refused:
        read_criteria(given_)
    assert words in str(refused.value)
    assert refused.value.code.name == "INVALID_ARGUMENT"


values = st.text(max_size=40) | st.sampled_from(["any", "Finished,any", "a:b,a", ":", ",", "a:,b::c", "true", "batch"])


@given(st.dictionaries(st.sampled_from(sorted(KEYS)) | st.text(max_size=8), values, max_size=6))
def test_nothing_but_refusals_comes_of_any_text(given_):
    try:
        criteria = read_criteria(given_)
    except TitusError as refused:
        assert refused.code.name == "INVALID_ARGUMENT"
    else:
        assert set(given_) <= KEYS
        assert hash(criteria) == hash(read_criteria(dict(reversed(given_.items()))))
