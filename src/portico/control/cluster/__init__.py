"""Waiting and capacity: who may use what, where; the life of Runs and nodes."""
