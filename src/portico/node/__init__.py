"""What runs on each machine: the keeper, the agent, sandboxes, limits and checks."""
