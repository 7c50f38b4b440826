"""HTTP as the Mesos API speaks it: endpoints, the order of checks, replies, and event streams."""
