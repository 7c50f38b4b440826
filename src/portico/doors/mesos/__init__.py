"""The Mesos v1 door: schedulers, executors and operators of Mesos 1.x, over HTTP."""
