"""The agent's operator API: what is on a node, its files, and containers within containers."""
