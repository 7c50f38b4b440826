"""The ArmoniK door: sessions, tasks, results and partitions as ArmoniK's clients and workers know them."""
