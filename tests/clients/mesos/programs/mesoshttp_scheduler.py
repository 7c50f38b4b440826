"""A framework on mesoshttp: offers stay here under their ids, since the library acts through its own objects."""

import json
import sys
import threading

from lines import serve, tell
from mesoshttp.client import MesosClient


class Framework:
    def __init__(self, url, options):
        self.client = MesosClient(
            mesos_urls=[url], frameworkName="http", frameworkId=options.get("id"), max_reconnect=2
        )
        self.client.set_failover_timeout(options.get("failover_timeout", 60))
        if "role" in options:
            self.client.set_role(options["role"])
        self.offers = {}
        self.client.on(MesosClient.SUBSCRIBED, lambda _driver: tell("SUBSCRIBED", self.client.frameworkId))
        self.client.on(MesosClient.OFFERS, self.offered)
        for event in ("UPDATE", "ERROR", "FAILURE", "RESCIND", "DISCONNECTED", "RECONNECTED", "HEARTBEAT"):
            self.client.on(event, told(event))
        self.thread = threading.Thread(target=self.register, daemon=True)

    def start(self):
        self.thread.start()

    def register(self):
        tell("ended", self.client.register())

    def offered(self, offers):
        self.offers.update((offer.get_offer()["id"]["value"], offer) for offer in offers)
        tell("OFFERS", [offer.get_offer() for offer in offers])

    def master_info(self):
        return self.client.get_master_info()

    def accept(self, offer, tasks, options=None):
        return self.offers.pop(offer).accept(tasks, options)

    def combine(self, offers, tasks):
        return self.client.combine_offers([self.offers.pop(offer) for offer in offers], tasks)

    def decline(self, offer, options=None):
        return self.offers.pop(offer).decline(options)

    def drive(self, call, *args):
        return getattr(self.client.get_driver(), call)(*args)

    def leave(self):
        """Go without taking the framework down."""
        self.client.disconnect_framework()

    def teardown(self):
        self.client.tearDown()


def told(event):
    def tell_it(said):
        tell(event, said)

    return tell_it


def main(url, options):
    serve(Framework(url, json.loads(options)))


main(*sys.argv[1:])
