"""Variables that every task of a job has beside the job's own, which they go over. Pure.

A task's own (`TITUS_TASK_ID` and the like) are set when it is made.
"""

from __future__ import annotations

from portico.wire.titus import jobs_pb2


def variables(descriptor: jobs_pb2.JobDescriptor, job: str) -> dict[str, str]:
    """Give the variables of the main container."""
    return {**descriptor.container.env, **of_job(descriptor, job)}


def of_job(descriptor: jobs_pb2.JobDescriptor, job: str) -> dict[str, str]:
    """Give what upstream tells every container of a job."""
    resources = descriptor.container.resources
    group = descriptor.jobGroupInfo
    found = {
        "TITUS_JOB_ID": job,
        "TITUS_NUM_CPU": f"{resources.cpu:g}",
        "TITUS_NUM_GPU": str(resources.gpu),
        "TITUS_NUM_MEM": str(resources.memoryMB),
        "TITUS_NUM_DISK": str(resources.diskMB),
        "TITUS_NUM_NETWORK_BANDWIDTH": str(resources.networkMbps),
        "NETFLIX_EXECUTOR": "titus",
        "NETFLIX_APP": descriptor.applicationName,
        "NETFLIX_STACK": group.stack,
        "NETFLIX_DETAIL": group.detail,
        "TITUS_IAM_ROLE": descriptor.container.securityProfile.iamRole,
    }
    return {name: value for name, value in found.items() if value and "\0" not in value}
