"""Applications through a real server."""

from doors.armonik.served import refused, story
from grpc import StatusCode

from portico.wire.armonik import applications_pb2 as pb
from portico.wire.armonik import filters_pb2

NAME, VERSION = 1, 2
Request = pb.ListApplicationsRequest


def field(number):
    return pb.ApplicationField(application_field=pb.ApplicationRawField(field=number))


async def fill(at):
    session = await at.session()
    for name, version in (("a", "2"), ("b", "1"), ("a", "1"), ("a", "1")):
        await at.submit(session, 2, application_name=name, application_version=version, application_service="s")


def names(page):
    return [(one.name, one.version, one.namespace, one.service) for one in page.applications]


def test_applications_are_what_tasks_say_they_run():
    async def play(at):
        await fill(at)
        page = await at.applications.ListApplications(Request(page_size=10))
        assert names(page) == [("a", "1", "", "s"), ("a", "2", "", "s"), ("b", "1", "", "s")]
        assert (page.page, page.page_size, page.total) == (0, 10, 3)
        sort = Request.Sort(fields=[field(VERSION), field(NAME)], direction=2)
        page = await at.applications.ListApplications(Request(page_size=2, sort=sort))
        assert names(page) == [("a", "2", "", "s"), ("b", "1", "", "s")]
        assert page.total == 3
        page = await at.applications.ListApplications(Request(page=1, page_size=2, sort=sort))
        assert names(page) == [("a", "1", "", "s")]
        only_total = await at.applications.ListApplications(Request())
        assert (names(only_total), only_total.total) == ([], 3)

    story(play)


def test_applications_are_chosen():
    async def play(at):
        await fill(at)
        condition = pb.FilterField(field=field(NAME), filter_string=filters_pb2.FilterString(value="a", operator=1))
        filters = pb.Filters(**{"or": [pb.FiltersAnd(**{"and": [condition]})]})
        page = await at.applications.ListApplications(Request(page_size=10, filters=filters))
        assert names(page) == [("b", "1", "", "s")]
        assert page.total == 1

    story(play)


def test_a_list_that_makes_no_sense_is_refused_by_name():
    async def play(at):
        for wrong, words in (
            (Request(page_size=-5), "page_size: -5 is negative"),
            (Request(sort=Request.Sort(fields=[field(9)], direction=1)), "sort.fields[0].application_field.field: 9"),
            (Request(sort=Request.Sort(fields=[field(1)])), "sort.direction: 0"),
            (Request(sort=Request.Sort(direction=1)), "sort.fields: "),
        ):
            code, details = await refused(at.applications.ListApplications(wrong))
            assert (code, details[: len(words)]) == (StatusCode.INVALID_ARGUMENT, words)

    story(play)
