"""The outpost process: `python -m portico.doors.mesos.outpost`, started by the agent of a node.

Serves the Mesos agent's HTTP API on the node's agent port. Keeps nothing but its ledger and its port: what executors
are to do it is told by the agent, who they are by control. It ends with its agent and is started again by the next one.
Exit codes: 0 the agent is gone, 1 a port cannot be had, 2 environment or arguments are wrong.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from portico.domain.errors import Invalid, Unavailable
from portico.doors.mesos.outpost.parting import die_with_parent
from portico.doors.mesos.outpost.place import Place, read_place

_NO_PORT, _USAGE = 1, 2


async def _live(place: Place) -> None:
    """Serve until cancelled."""
    # Only now: the lock and the port are to be had even by a process that has loaded little yet.
    from portico.doors.mesos.outpost.outpost import Outpost  # noqa: PLC0415 — likewise

    await Outpost(place).run()


def main() -> int:
    """Be the outpost of a node; gives the exit code."""
    logging.basicConfig(
        level=os.environ.get("PORTICO_NODE_LOG", "INFO"),
        format="%(asctime)s outpost %(process)d %(levelname)s %(message)s",
    )
    log = logging.getLogger("portico.outpost")
    try:
        place = read_place(sys.argv[1:], os.environ)
        if not die_with_parent(place.agent_pid):
            return 0
        asyncio.run(_live(place))
    except Invalid as error:
        log.error("%s", error)  # noqa: TRY400 — the sentence is all there is to know
        return _USAGE
    except Unavailable as error:
        log.error("%s", error)  # noqa: TRY400 — likewise
        return _NO_PORT
    return 0


if __name__ == "__main__":
    sys.exit(main())
