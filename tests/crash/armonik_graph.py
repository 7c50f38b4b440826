"""A graph of sums, from one seed: every task adds its own number to what those before it made.

Some tasks are split: their worker has three others make parts of the number, and a last one the sum. A value that was
lost, made twice or taken from elsewhere is wrong here and in everything that follows from it.
"""

from __future__ import annotations

import json
import random

MOST_NEEDS = 3
REACH = 2_000
"""How far back a task looks for those before it: so many can go on side by side."""
SPLIT = 50
"""One in so many tasks is split."""
PARTS = 3
MODULUS = 1 << 61


class Graph:
    """So many tasks, numbered in an order in which they can be done."""

    def __init__(self, size, seed):
        chance = random.Random(seed)
        self.size = size
        self.needs: list[tuple[int, ...]] = []
        self.values: list[int] = []
        for number in range(size):
            reach = min(number, REACH)
            count = min(reach, chance.randint(0, MOST_NEEDS))
            needs = tuple(number - 1 - back for back in chance.sample(range(reach), count))
            self.needs.append(needs)
            self.values.append((number + sum(self.values[need] for need in needs)) % MODULUS)

    @property
    def splits(self):
        """How many tasks are split."""
        return len(range(0, self.size, SPLIT))

    @property
    def tasks(self):
        """How many tasks there are when all is done, without those that were tried again."""
        return self.size + self.splits * (PARTS + 1)

    def payload(self, number):
        return json.dumps({"add": number, "split": number % SPLIT == 0}).encode()

    def sinks(self):
        """Give the tasks that nobody needs: their values hold all others."""
        needed = {need for needs in self.needs for need in needs}
        return [number for number in range(self.size) if number not in needed]
