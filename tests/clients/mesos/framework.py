"""A framework on pymesos as the tests speak of it: register, take an offer, launch, await states."""

from __future__ import annotations

from clients.mesos.messages import FINAL, launch, total

ENOUGH = {"cpus": 0.2, "mem": 64}


class Framework:
    def __init__(self, program):
        self.program = program
        self.id = None
        self.call = program.call
        self.hear = program.hear

    def register(self):
        """Await the registration; gives the master's own words."""
        framework_id, master = self.hear("registered")
        self.id = framework_id["value"]
        return master

    def offer(self, fits=lambda offer: True, **least):
        """Await an offer that fits and has at least so much; all others go back, so that pieces become whole again."""
        least = ENOUGH | least

        def enough(offer):
            return fits(offer) and all(total(offer["resources"], name) >= amount for name, amount in least.items())

        while True:
            (offers,) = self.hear("resourceOffers")
            found = next(filter(enough, offers), None)
            rest = [offer["id"] for offer in offers if offer is not found]
            if rest:
                self.call("declineOffer", rest, {"refuse_seconds": 0.0})
            if found:
                return found

    def launch(self, offer, *tasks):
        self.call("acceptOffers", offer["id"], [launch(*tasks)], {"refuse_seconds": 0.0})

    def update(self, name, *states):
        """Await the next update of a task that is in one of the states; gives the status."""
        return self.hear(
            "statusUpdate", lambda status: status["task_id"]["value"] == name and status["state"] in states
        )[0]

    def ends(self, name, state):
        """Await a task's whole course: running, then the final state."""
        for expected in ("TASK_RUNNING", state):
            status = self.update(name, "TASK_RUNNING", *FINAL)
            assert status["state"] == expected, status
        return status
