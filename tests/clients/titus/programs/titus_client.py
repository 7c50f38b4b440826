"""A client of Titus over generated stubs, as its own process: `titus_client.py STUBS TARGET`.

One JSON request a line on standard input, one JSON answer a line on standard output; what streams tell comes in
between, as events. It shares no code with the server and must never import it.
"""

import json
import queue
import sys
import threading

import grpc
from wire import OPTIONS, Wire, message, plain, refusal

DEADLINE = 15.0


class Client:
    def __init__(self, folder, target):
        self.wire = Wire(folder)
        self.channel = grpc.insecure_channel(target, options=OPTIONS)
        self.streams, self.outgoing = {}, {}
        self.lock = threading.Lock()

    def say(self, value):
        with self.lock:
            sys.stdout.write(json.dumps(value) + "\n")
            sys.stdout.flush()

    def call(self, name, request, metadata):
        rpc, kind = self.wire.rpc(self.channel, name)
        return plain(rpc(message(request, kind), timeout=DEADLINE, metadata=list(metadata.items())))

    def imported(self):
        return sorted(name for name in sys.modules if name.partition(".")[0] == "portico")

    def open(self, stream, name, request):
        rpc, kind = self.wire.rpc(self.channel, name)
        self.streams[stream] = rpc(message(request, kind))
        threading.Thread(target=self._follow, args=(stream,), daemon=True).start()

    def converse(self, stream, name):
        """Open a stream in both directions."""
        rpc, kind = self.wire.rpc(self.channel, name)
        waiting = self.outgoing[stream] = queue.SimpleQueue()
        self.streams[stream] = rpc(message(one, kind) for one in iter(waiting.get, None))
        threading.Thread(target=self._follow, args=(stream,), daemon=True).start()

    def tell(self, stream, request):
        self.outgoing[stream].put(request)

    def cancel(self, stream):
        self.streams[stream].cancel()

    def _follow(self, stream):
        try:
            for one in self.streams[stream]:
                self.say({"event": stream, "args": [plain(one)]})
            self.say({"event": stream, "args": [{"end": "OK"}]})
        except grpc.RpcError as error:
            self.say({"event": stream, "args": [{"end": error.code().name, "details": error.details()}]})


def main():
    client = Client(sys.argv[1], sys.argv[2])
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            client.say({"answer": getattr(client, asked["call"])(*asked["args"], **asked["named"])})
        except grpc.RpcError as error:
            client.say({"failure": refusal(error)})


main()
