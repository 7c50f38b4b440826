"""An operator on pymesos: the driver of the master, which tells events once started, or the one of an agent."""
# ruff: noqa: N802 — the library names its callbacks

import sys

from lines import serve, tell
from pymesos import MesosOperatorAgentDriver, MesosOperatorMasterDriver, OperatorMaster


class Teller(OperatorMaster):
    def taskAdded(self, task):
        tell("taskAdded", task)

    def taskUpdated(self, update):
        tell("taskUpdated", update)

    def agentAdded(self, agent):
        tell("agentAdded", agent)

    def agentRemoved(self, agent_id):
        tell("agentRemoved", agent_id)


def main(role, address):
    serve(MesosOperatorMasterDriver(address, Teller()) if role == "master" else MesosOperatorAgentDriver(address))


main(*sys.argv[1:])
