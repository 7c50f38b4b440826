"""Work given to task_processing: its Mesos executor, in as many of its own wrappings as are asked for."""

import json
import sys
import threading

from lines import serve, tell
from task_processing.task_processor import TaskProcessor


class Processor:
    def __init__(self, address, options):
        self.processor = TaskProcessor()
        self.processor.load_plugin("task_processing.plugins.mesos")
        config = {"role": "*", "mesos_address": address, "initial_decline_delay": 0.1, **options.get("config", {})}
        self.mesos = self.processor.executor_from_config("mesos_task", config)
        self.executor = self.mesos
        for name, more in options.get("around", []):
            config = {"downstream_executor": self.executor, **more}
            if name == "logging":
                config["handler"] = lambda task, line, stream: tell("log", task, line, stream)
            self.executor = self.processor.executor_from_config(name, config)
        self.configs = {}
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        queue = self.executor.get_event_queue()
        while True:
            event = queue.get()
            if event.kind == "control":
                tell("control", event.message)
                continue
            raw = event.raw if isinstance(event.raw, dict) else {"said": str(event.raw)}
            told = {name: getattr(event, name) for name in ("platform_type", "terminal", "success", "message")}
            tell("task", event.task_id, told, raw)

    def run(self, **config):
        made = self.mesos.TASK_CONFIG_INTERFACE(**config)
        self.configs[made.task_id] = made
        self.executor.run(made)
        return made.task_id

    def reconcile(self, task_id):
        self.mesos.execution_framework._reconcile_tasks_at = 0  # the library waits five minutes first
        self.executor.reconcile(self.configs[task_id])

    def kill(self, task_id):
        return self.executor.kill(task_id)

    def stop(self):
        self.executor.stop()


def main(address, options):
    serve(Processor(address, json.loads(options)))


main(*sys.argv[1:])
