"""The agent process: `python -m portico.doors.armonik.outpost [options] [-- worker command]`; see `settings`.

Exit codes: 0 it was told to end, 1 there is no healthy worker or no place to listen, 2 arguments or environment are
wrong, 3 control refused it.
"""

from __future__ import annotations

import logging
import os
import sys

from portico.domain.errors import Invalid, Unavailable
from portico.doors.armonik.outpost.settings import read_settings
from portico.grpc_polling import import_grpc_without_threads

_UNABLE, _USAGE = 1, 2


def main() -> int:
    """Be an agent; gives the exit code."""
    logging.basicConfig(
        level=os.environ.get("PORTICO_ARMONIK_LOG", "INFO"),
        format="%(asctime)s armonik-agent %(process)d %(levelname)s %(message)s",
    )
    log = logging.getLogger("portico.armonik")
    try:
        environment = dict(os.environ)
        settings = read_settings(sys.argv[1:], environment)
        # The worker is forked off and becomes another program at once: gRPC need not prepare for it.
        os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
        import_grpc_without_threads()
        # Only now: wrong arguments are answered before much is loaded.
        import uvloop  # noqa: PLC0415 — likewise

        from portico.doors.armonik.outpost.agent import live  # noqa: PLC0415 — likewise

        return uvloop.run(live(settings, environment))
    except Invalid as error:
        log.error("%s", error)  # noqa: TRY400 — the sentence is all there is to know
        return _USAGE
    except Unavailable as error:
        log.error("%s", error)  # noqa: TRY400 — likewise
        return _UNABLE


if __name__ == "__main__":
    sys.exit(main())
