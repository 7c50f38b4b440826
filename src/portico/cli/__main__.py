"""`python -m portico.cli` is `portico`."""

from portico.cli.app import main

main()
