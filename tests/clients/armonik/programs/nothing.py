"""A worker that never listens."""

import time

time.sleep(1_000)
