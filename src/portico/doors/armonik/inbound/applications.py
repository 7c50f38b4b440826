"""ListApplications, read: an application is a combination of four options that some task has."""

from __future__ import annotations

from portico.control.calls.queries import TallyCalls
from portico.control.calls.sheets import CALLS
from portico.domain.calls.naming import Naming
from portico.doors.armonik.inbound.application_fields import APPLICATION_FIELDS, NAME, NAMESPACE, SERVICE, VERSION
from portico.doors.armonik.inbound.pages import read_list
from portico.wire.armonik.applications_pb2 import ListApplicationsRequest

COLUMNS = (NAME, VERSION, NAMESPACE, SERVICE)


def read_applications(request: ListApplicationsRequest, naming: Naming) -> TallyCalls:
    """Read which applications are wanted; rows are COLUMNS, then how many tasks have them."""
    return TallyCalls(read_list(request, CALLS.name, APPLICATION_FIELDS, naming), COLUMNS)
