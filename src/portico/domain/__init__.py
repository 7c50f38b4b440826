"""Pure nouns and rules: values, life cycles and errors; no clock, randomness, disk or network."""
