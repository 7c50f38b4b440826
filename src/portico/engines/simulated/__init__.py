"""The simulated engine: nodes, workers and lines without processes, under a virtual clock and seeded faults."""
