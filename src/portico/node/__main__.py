"""`python -m portico.node`: see `main`."""

import sys

from portico.node.main import main

sys.exit(main(sys.argv[1:]))
