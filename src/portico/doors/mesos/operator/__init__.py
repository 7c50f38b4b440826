"""The master's operator API: what is on the cluster, and the calls that change how it is shared out."""
