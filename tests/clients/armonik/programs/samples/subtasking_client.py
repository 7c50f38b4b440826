"""The second sample: a task that has others do its work. `subtasking_client.py ENDPOINT PARTITION`."""

import sys
from datetime import timedelta

from armonik.client import ArmoniKEvents, ArmoniKResults, ArmoniKSessions, ArmoniKTasks
from armonik.common import TaskDefinition, TaskOptions, create_channel


def main(endpoint, partition):
    options = TaskOptions(
        max_duration=timedelta(minutes=1),
        priority=1,
        max_retries=2,
        partition_id=partition,
        options={"part": "launch"},
    )
    with create_channel(endpoint) as channel:
        results = ArmoniKResults(channel)
        session = ArmoniKSessions(channel).create_session(options, partition_ids=[partition])
        output = results.create_results_metadata(["output"], session)["output"].result_id
        payload = results.create_results({"payload": b"Hello"}, session)["payload"].result_id
        task = TaskDefinition(payload_id=payload, expected_output_ids=[output])
        ArmoniKTasks(channel).submit_tasks(session, [task])
        ArmoniKEvents(channel).wait_for_result_availability(output, session)
        print(results.download_result_data(output, session).decode())


main(*sys.argv[1:])
