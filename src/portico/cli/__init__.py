"""The command line: a client of the server's JSON interface, and the way to start a server.

Decides nothing about jobs: every command asks the server and shows its answer.
"""
