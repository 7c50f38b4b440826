"""The language of filters: what `filteringCriteria` of queries and streams say, read once.

Promises: every key of the API is known, any other one is refused; texts are trimmed and an empty one says nothing;
what cannot be read is an invalid argument, never another error.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from portico.doors.titus import errors
from portico.doors.titus.extension.records import JobStage, TaskStage

ARCHIVE_WORD = "Finished"
"""The one spelling among `taskStates` that makes FindTasks look into the archive too."""

_DISCONNECTED = "Disconnected"
_JOB_STATES = {stage.value.lower(): stage.value for stage in JobStage}
_TASK_STATES = {state.lower(): state for state in (*(stage.value for stage in TaskStage), _DISCONNECTED)}
_JOB_TYPES = {"batch": False, "service": True}
_OPERATORS = {"": True, "and": True, "or": False}

KEYS = frozenset(
    {
        "jobIds",
        "taskIds",
        "owner",
        "appName",
        "applicationName",
        "imageName",
        "imageTag",
        "capacityGroup",
        "jobGroupStack",
        "jobGroupDetail",
        "jobGroupSequence",
        "jobType",
        "attributes",
        "attributes.op",
        "labels",
        "labels.op",
        "jobState",
        "taskStates",
        "taskStateReasons",
        "needsMigration",
        "skipSystemFailures",
        "platformSidecar",
        "platformSidecarChannel",
    }
)


class Attribute(msgspec.Struct, frozen=True):
    """A job attribute that is asked for; without `values` its presence is enough."""

    key: str
    values: frozenset[str] = frozenset()

    def fits(self, attributes: Mapping[str, str]) -> bool:
        """Tell whether a job's attributes have it."""
        value = attributes.get(self.key)
        return value is not None and (not self.values or value in self.values)


class Criteria(msgspec.Struct, frozen=True):
    """What is asked for; all of it together, and what is empty counts for nothing.

    `attributes` need all fit, or with `any_attribute` one of them. `archive` tells that finished tasks are meant too
    when jobs are named.
    """

    job_ids: frozenset[str] = frozenset()
    task_ids: frozenset[str] = frozenset()
    owner: str = ""
    application: str = ""
    image: str = ""
    tag: str = ""
    capacity_group: str = ""
    stack: str = ""
    detail: str = ""
    sequence: str = ""
    service: bool | None = None
    attributes: tuple[Attribute, ...] = ()
    any_attribute: bool = False
    job_state: str = ""
    task_states: frozenset[str] = frozenset()
    task_reasons: frozenset[str] = frozenset()
    needs_migration: bool = False
    skip_system_failures: bool = False
    sidecar: str = ""
    sidecar_channel: str = ""
    archive: bool = False


EVERYTHING = Criteria()


def read_criteria(given: Mapping[str, str]) -> Criteria:
    """Read `filteringCriteria`. Raises TitusError for an unknown key or a value that is not one of those allowed."""
    if not given:
        return EVERYTHING
    unknown = sorted(key for key in given if key not in KEYS)
    if unknown:
        raise errors.invalid_argument(f"Unrecognized field(s) [{', '.join(unknown)}]")
    text = {key: value.strip() for key, value in given.items()}
    attributes, any_attribute = _read_attributes(text)
    states = _words(text.get("taskStates", ""))
    return Criteria(
        job_ids=frozenset(_words(text.get("jobIds", ""))),
        task_ids=frozenset(_words(text.get("taskIds", ""))),
        owner=text.get("owner", ""),
        application=text.get("applicationName", "") or text.get("appName", ""),
        image=text.get("imageName", ""),
        tag=text.get("imageTag", ""),
        capacity_group=text.get("capacityGroup", ""),
        stack=text.get("jobGroupStack", ""),
        detail=text.get("jobGroupDetail", ""),
        sequence=text.get("jobGroupSequence", ""),
        service=_read_type(text.get("jobType", "")),
        attributes=attributes,
        any_attribute=any_attribute,
        job_state=_read_state("jobState", text.get("jobState", ""), _JOB_STATES),
        task_states=_read_task_states(states),
        task_reasons=frozenset(_words(text.get("taskStateReasons", ""))),
        needs_migration=_is_true(text.get("needsMigration", "")),
        skip_system_failures=_is_true(text.get("skipSystemFailures", "")),
        sidecar=text.get("platformSidecar", ""),
        sidecar_channel=text.get("platformSidecarChannel", ""),
        archive=ARCHIVE_WORD in states,
    )


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _is_true(text: str) -> bool:
    return text.lower() == "true"


def _read_type(text: str) -> bool | None:
    if not text:
        return None
    service = _JOB_TYPES.get(text.lower())
    if service is None:
        raise errors.invalid_argument(f"Invalid jobType value {_shown(text)}")
    return service


def _read_state(key: str, text: str, known: Mapping[str, str]) -> str:
    if not text:
        return ""
    state = known.get(text.lower())
    if state is None:
        raise errors.invalid_argument(f"Invalid {key} value {_shown(text)}")
    return state


def _read_task_states(words: list[str]) -> frozenset[str]:
    """Read states in any case; `any` stands for all of them."""
    states: set[str] = set()
    for word in words:
        if word.lower() == "any":
            states.update(_TASK_STATES.values())
        else:
            states.add(_read_state("taskStates", word, _TASK_STATES))
    return frozenset(states)


def _read_attributes(text: Mapping[str, str]) -> tuple[tuple[Attribute, ...], bool]:
    """Read `key`, `key:value` entries divided by commas; the older name `labels` counts where the newer is absent.

    A key that comes several times fits with any of its values; a lone one without a value asks for presence only,
    beside others it stands for the empty value.
    """
    listed = text.get("attributes", text.get("labels", ""))
    operator = text.get("attributes.op", text.get("labels.op", "")).lower()
    if operator not in _OPERATORS:
        raise errors.invalid_argument(f"Invalid attributes.op value {_shown(operator)}: expected 'and' or 'or'")
    wanted: dict[str, set[str]] = {}
    for entry in _words(listed):
        key, _, value = entry.partition(":")
        wanted.setdefault(key.strip(), set()).add(value.strip())
    attributes = tuple(
        Attribute(key, frozenset() if values == {""} else frozenset(values)) for key, values in sorted(wanted.items())
    )
    return attributes, bool(attributes) and not _OPERATORS[operator]


def _shown(text: str) -> str:
    return text[:100]
