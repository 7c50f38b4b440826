"""What happened, as messages."""
