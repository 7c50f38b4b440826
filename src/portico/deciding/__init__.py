"""Pure decisions: a snapshot, a time and ids go in, a plan comes out; no clock, randomness, disk or network."""
