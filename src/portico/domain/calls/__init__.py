"""Sessions, Calls and Results: what they are, their life cycles, and how they are named."""
