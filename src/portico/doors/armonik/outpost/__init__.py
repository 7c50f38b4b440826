"""The ArmoniK agent: the process beside one worker, which brings it tasks and serves it while it runs them.

It sees the worker's wire and control's frames only. What a worker does to results and tasks is kept here until it has
answered ok, and told to control in one report.
"""
