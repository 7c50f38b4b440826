"""Queues of short work for workers that already run: leases, recalls, lost workers."""
