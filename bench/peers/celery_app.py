"""The peer of Python kinds: a Celery application with one task that does nothing.

Settings are those of someone who tuned it for short tasks: no rate limits, no events, JSON, results kept in Redis.
"""

from __future__ import annotations

import os

from celery import Celery

REDIS = os.environ["BENCH_REDIS"]

app = Celery("bench", broker=REDIS, backend=REDIS)
app.conf.update(
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    worker_disable_rate_limits=True,
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "64")),
    worker_send_task_events=False,
    task_track_started=False,
    broker_connection_retry_on_startup=True,
    result_expires=3600,
)


@app.task(name="nothing")
def nothing() -> None:
    return None
