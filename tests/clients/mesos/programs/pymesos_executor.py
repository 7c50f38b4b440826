"""A custom executor on pymesos, started by a node's agent.

A task's data say what becomes of it: a final state, or "stays" until it is killed or told to end. A message is
answered; "end ID STATE" in one ends a task, "exit N" the whole executor. What happens is printed, into the sandbox.
"""
# ruff: noqa: N802 — the library names its callbacks

import os
import sys

from pymesos import Executor, MesosExecutorDriver, decode_data, encode_data

STAYS = "stays"


class Worker(Executor):
    def registered(self, driver, executor, framework, agent):
        print("registered", executor["executor_id"]["value"], framework["name"], agent["hostname"], flush=True)

    def reregistered(self, driver, agent):
        print("reregistered", agent["hostname"], flush=True)

    def disconnected(self, driver):
        print("disconnected", flush=True)

    def launchTask(self, driver, task):
        end = decode_data(task["data"]).decode() if "data" in task else "TASK_FINISHED"
        print("launch", task["task_id"]["value"], end, flush=True)
        self.tell(driver, task["task_id"], "TASK_RUNNING")
        if end != STAYS:
            self.tell(driver, task["task_id"], end)

    def launchTaskGroup(self, driver, tasks):
        print("group", *(task["task_id"]["value"] for task in tasks), flush=True)
        for task in tasks:
            self.launchTask(driver, task)

    def killTask(self, driver, task_id):
        print("kill", task_id["value"], flush=True)
        self.tell(driver, task_id, "TASK_KILLED")

    def frameworkMessage(self, driver, message):
        said = decode_data(message).decode()
        print("message", said, flush=True)
        order, *words = said.split()
        if order == "exit":
            sys.stdout.flush()
            os._exit(int(words[0]))
        if order == "end":
            self.tell(driver, {"value": words[0]}, words[1])
        driver.sendFrameworkMessage(encode_data(f"heard {said}".encode()))

    def shutdown(self, driver):
        print("shutdown", flush=True)

    def error(self, driver, message):
        print("error", message, flush=True)

    @staticmethod
    def tell(driver, task_id, state):
        driver.sendStatusUpdate({"task_id": task_id, "state": state, "data": encode_data(state.encode())})


MesosExecutorDriver(Worker()).run()
