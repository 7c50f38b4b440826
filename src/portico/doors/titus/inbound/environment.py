"""Variables that every task of a job has beside the job's own. Pure.

What says how much a task has and what the job is called gives way to variables of the same name that the job sets;
what says which job and image it is goes over them. Source: upstream's control plane and its agent. A task's own
(`TITUS_TASK_ID` and the like) are set when it is made.
"""

from __future__ import annotations

from collections.abc import Mapping

from portico.wire.titus import jobs_pb2


def variables(given: Mapping[str, str], descriptor: jobs_pb2.JobDescriptor, job: str) -> dict[str, str]:
    """Give the variables of one of a job's containers, to which the job or the operator gives some."""
    return {**_said(_around(descriptor)), **given, **_said(_identity(descriptor, job))}


def _around(descriptor: jobs_pb2.JobDescriptor) -> dict[str, str]:
    resources = descriptor.container.resources
    group = descriptor.jobGroupInfo
    cluster = _cluster(descriptor)
    return {
        "TITUS_NUM_CPU": f"{resources.cpu:g}",
        "TITUS_NUM_GPU": str(resources.gpu),
        "TITUS_NUM_MEM": str(resources.memoryMB),
        "TITUS_NUM_DISK": str(resources.diskMB),
        "TITUS_NUM_NETWORK_BANDWIDTH": str(resources.networkMbps),
        "NETFLIX_APP": descriptor.applicationName,
        "NETFLIX_STACK": group.stack,
        "NETFLIX_DETAIL": group.detail,
        "NETFLIX_CLUSTER": cluster,
        "NETFLIX_AUTO_SCALE_GROUP": f"{cluster}-{group.sequence or 'v000'}",
    }


def _identity(descriptor: jobs_pb2.JobDescriptor, job: str) -> dict[str, str]:
    image = descriptor.container.image
    return {
        "TITUS_JOB_ID": job,
        "NETFLIX_EXECUTOR": "titus",
        "TITUS_IMAGE_NAME": image.name,
        "TITUS_IMAGE_TAG": image.tag,
        "TITUS_IMAGE_DIGEST": image.digest,
        "TITUS_IAM_ROLE": descriptor.container.securityProfile.iamRole,
    }


def _cluster(descriptor: jobs_pb2.JobDescriptor) -> str:
    """Name the group of jobs that differ in their sequence only; a detail keeps the place of a missing stack."""
    group = descriptor.jobGroupInfo
    words = (descriptor.applicationName, group.stack, group.detail)
    return "-".join(words if group.detail else words[:2] if group.stack else words[:1])


def _said(found: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in found.items() if value and "\0" not in value}
