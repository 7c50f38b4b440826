"""The use cases and the only writer: commands, queries, watches, the committer and the loops."""
