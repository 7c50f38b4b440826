"""Partitions through a real server."""

import pytest
from doors.armonik.served import refused, story
from grpc import StatusCode

from portico.domain.calls.values import Partition
from portico.wire.armonik import filters_pb2
from portico.wire.armonik import partitions_pb2 as pb

ID, PARENTS, RESERVED, MOST, PREEMPTION, PRIORITY = range(1, 7)
Request = pb.ListPartitionsRequest
PARTITIONS = {
    one.id: one
    for one in (
        Partition("a", ("c",), pod_reserved=1, pod_max=5, preemption_percentage=10, priority=3),
        Partition("b", ("c", "a"), pod_reserved=2, pod_max=4, preemption_percentage=20, priority=1),
        Partition("c", (), pod_max=5, priority=2, configuration={"k": "v"}),
    )
}


def field(number):
    return pb.PartitionField(partition_raw_field=pb.PartitionRawField(field=number))


def number(of, value, how):
    return pb.FilterField(field=field(of), filter_number=filters_pb2.FilterNumber(value=value, operator=how))


def text(value, how=0):
    return pb.FilterField(field=field(ID), filter_string=filters_pb2.FilterString(value=value, operator=how))


def among(value, how=0):
    return pb.FilterField(field=field(PARENTS), filter_array=filters_pb2.FilterArray(value=value, operator=how))


def story_of(play):
    async def prepared(at):
        at.plane.calls.partitions.clear()
        at.plane.calls.partitions.update(PARTITIONS)
        await play(at)

    story(prepared)


async def ids(at, *clauses, **more):
    filters = pb.Filters(**{"or": [pb.FiltersAnd(**{"and": clause}) for clause in clauses]})
    page = await at.partitions.ListPartitions(Request(**{"page_size": 10, "filters": filters, **more}))
    return "".join(one.id for one in page.partitions), page.total


def test_a_partition_is_shown():
    async def play(at):
        found = await at.partitions.GetPartition(pb.GetPartitionRequest(id="b"))
        assert found.partition == pb.PartitionRaw(
            id="b", parent_partition_ids=["c", "a"], pod_reserved=2, pod_max=4, preemption_percentage=20, priority=1
        )
        found = await at.partitions.GetPartition(pb.GetPartitionRequest(id="c"))
        assert dict(found.partition.pod_configuration) == {"k": "v"}
        code, details = await refused(at.partitions.GetPartition(pb.GetPartitionRequest(id="x")))
        assert (code, details) == (StatusCode.NOT_FOUND, "Partition was not found: x")

    story_of(play)


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ([], "abc"),
        ([[text("a")], [text("c")]], "ac"),
        ([[text("a", how=1)]], "bc"),
        ([[number(MOST, 5, 0), number(PRIORITY, 2, 5)]], "a"),
        ([[number(RESERVED, 1, 4)]], "ab"),
        ([[number(PREEMPTION, 20, 2)]], "ac"),
        ([[among("c")]], "ab"),
        ([[among("a", how=1)]], "ac"),
        ([[text("nobody")]], ""),
    ],
)
def test_partitions_are_chosen(clauses, expected):
    async def play(at):
        assert await ids(at, *clauses) == (expected, len(expected))

    story_of(play)


def test_partitions_are_ordered_and_paged():
    async def play(at):
        up, down = (
            (lambda of: Request.Sort(field=field(of), direction=1)),
            (lambda of: Request.Sort(field=field(of), direction=2)),
        )
        assert await ids(at, sort=down(ID)) == ("cba", 3)
        assert await ids(at, sort=up(PRIORITY)) == ("bca", 3)
        assert await ids(at, sort=down(MOST)) == ("cab", 3)
        assert await ids(at, sort=up(PARENTS)) == ("cab", 3)
        assert await ids(at, sort=down(ID), page=1, page_size=2) == ("a", 3)
        assert await ids(at, page=5) == ("", 3)
        assert await ids(at, page_size=0) == ("", 3)

    story_of(play)


def test_a_list_that_makes_no_sense_is_refused_by_name():
    async def play(at):
        for wrong, words in (
            (Request(page=-1), "page: -1 is negative"),
            (
                Request(filters=pb.Filters(**{"or": [{"and": [number(ID, 1, 0)]}]})),
                "filters.or[0].and[0].filter_number: ",
            ),
        ):
            code, details = await refused(at.partitions.ListPartitions(wrong))
            assert (code, details[: len(words)]) == (StatusCode.INVALID_ARGUMENT, words)

    story_of(play)
