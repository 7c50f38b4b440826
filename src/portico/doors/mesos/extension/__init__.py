"""What only Mesos knows: frameworks, executors, tasks with their unacknowledged updates, agents' ids."""
