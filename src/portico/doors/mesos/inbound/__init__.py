"""Messages as values for the cores: everything that can be checked without looking at any state is checked here."""
