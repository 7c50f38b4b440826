"""The agent side of the Mesos door: a process of its own beside each node's agent."""
