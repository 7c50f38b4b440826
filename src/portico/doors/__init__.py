"""The front doors: each translates one API to commands, queries and watches, and back."""
