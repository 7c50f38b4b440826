"""A framework on pymesos: every call of its driver can be asked for, every callback is told."""

import json
import sys

from lines import serve, tell, teller
from pymesos import MesosSchedulerDriver, Scheduler


class Teller(Scheduler):
    def disconnected(self, driver):
        tell("disconnected", driver.aborted)

    def error(self, driver, message):
        """What the master calls an error is final; a driver that is not stopped would subscribe anew."""
        tell("error", message)
        driver.stop(failover=True)


for name in (
    "registered",
    "reregistered",
    "resourceOffers",
    "inverseOffers",
    "offerRescinded",
    "inverseOfferRescinded",
    "statusUpdate",
    "frameworkMessage",
    "slaveLost",
    "executorLost",
    "processHeartBeat",
):
    setattr(Teller, name, teller(name))


def main(master, framework, options):
    driver = MesosSchedulerDriver(Teller(), json.loads(framework), master, **json.loads(options))
    serve(driver)


main(*sys.argv[1:])
