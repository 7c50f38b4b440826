"""Pages and orders of lists.

Promises: pages count from 0; a page of size 0 is only the total; a missing order is that of ids. A negative page or
size, an order without a field or a direction, are Invalid and name the field.
"""

from __future__ import annotations

from typing import Any

import msgspec

from portico.domain.calls.naming import Naming
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.fields import Fields, Meaning, find_meaning
from portico.doors.armonik.inbound.filters import read_filters
from portico.store.sheets import Field, SheetQuery
from portico.wire.armonik.sort_direction_pb2 import SortDirection

ASCENDING = {SortDirection.SORT_DIRECTION_ASC: True, SortDirection.SORT_DIRECTION_DESC: False}

Order = tuple[tuple[Field, bool], ...]


class Page(msgspec.Struct, frozen=True):
    """Which of the rows are wanted."""

    limit: int
    offset: int


def read_page(request: Any) -> Page:
    """Read the page of a list request."""
    if request.page < 0:
        raise Invalid(f"{request.page} is negative", "page")
    if request.page_size < 0:
        raise Invalid(f"{request.page_size} is negative", "page_size")
    return Page(request.page_size, request.page * request.page_size)


def read_order(request: Any, fields: Fields, naming: Naming) -> Order:
    """Read the order of a list request: by one field, or by several in turn where its message takes several."""
    sort = request.sort
    repeated = hasattr(sort, "fields")
    wanted = list(sort.fields) if repeated else [sort.field] if sort.HasField("field") else []
    if not wanted:
        if sort.direction != SortDirection.SORT_DIRECTION_UNSPECIFIED:
            raise Invalid("a direction needs a field", "sort.fields" if repeated else "sort.field")
        return ()
    ascending = ASCENDING.get(sort.direction)
    if ascending is None:
        raise Invalid(f"{sort.direction} is not a direction", "sort.direction")
    order: dict[Field, bool] = {}
    for index, message in enumerate(wanted):
        place = f"sort.fields[{index}]" if repeated else "sort.field"
        order[_ordered(find_meaning(message, fields, place), naming)] = ascending
    return tuple(order.items())


def _ordered(meaning: Meaning, naming: Naming) -> Field:
    """Give what a field is ordered by: a number where texts made from numbers sort as these do."""
    return meaning.number or meaning.shown(naming)


def read_list(request: Any, sheet: str, fields: Fields, naming: Naming) -> SheetQuery:
    """Read a whole list request."""
    page = read_page(request)
    return SheetQuery(
        sheet,
        read_filters(request.filters, fields, naming),
        order=read_order(request, fields, naming),
        limit=page.limit,
        offset=page.offset,
    )
