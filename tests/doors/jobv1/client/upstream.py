"""The contract as upstream ships it: a file named `service.proto`, in the spelling of two of its releases.

It is written down here a second time on purpose: these tests must not pass because both sides share a mistake.
"""

from __future__ import annotations

import subprocess
import sys

SEED = "v1.1.0"
LATER = "v1.2.0"

_TEXT = """\
syntax = "proto3";
package job.v1;
import "google/protobuf/timestamp.proto";
option go_package = "github.com/cybergarage/go-job/api/job/v1";

service JobService {
  rpc GetVersion(VersionRequest) returns (VersionResponse);
  rpc ScheduleJob(ScheduleJobRequest) returns (ScheduleJobResponse);
  rpc ListRegisteredJobs(ListRegisteredJobsRequest) returns (ListRegisteredJobsResponse);
  rpc LookupInstances(LookupInstancesRequest) returns (LookupInstancesResponse);
@cancel_rpc@}

enum JobState {
  JOB_STATE_UNSET = 0;
  JOB_STATE_CREATED = 1;
  JOB_STATE_SCHEDULED = 2;
  JOB_STATE_PROCESSING = 4;
  JOB_STATE_CANCELLED = 8;
  JOB_STATE_TIMED_OUT = 16;
  JOB_STATE_COMPLETED = 32;
  JOB_STATE_TERMINATED = 64;
}

message VersionRequest {}
message VersionResponse { string version = 1; string api_version = 2; }

message Job {
  string kind = 1;
  string description = 2;
  google.protobuf.Timestamp registered_at = 3;
  optional string cron_spec = 11;
  optional google.protobuf.Timestamp schedule_at = 12;
}

message JobInstance {
  string kind = 1;
  string uuid = 2;
  JobState state = 11;
  repeated string arguments = 12;
  repeated string results = 13;
  optional string error = 14;
  optional google.protobuf.Timestamp created_at = 21;
  optional google.protobuf.Timestamp scheduled_at = 22;
  optional google.protobuf.Timestamp processed_at = 23;
  optional google.protobuf.Timestamp completed_at = 24;
  optional google.protobuf.Timestamp terminated_at = 25;
  optional google.protobuf.Timestamp @cancelled_at@ = 26;
  optional google.protobuf.Timestamp timed_out_at = 27;
  optional int32 attempts = 31;
}

message ScheduleJobRequest { string kind = 1; repeated string arguments = 11; optional int32 priority = 12; }
message ScheduleJobResponse { JobInstance instance = 1; }
message ListRegisteredJobsRequest {}
message ListRegisteredJobsResponse { repeated Job jobs = 1; }
message Query { optional string kind = 1; optional string uuid = 2; optional JobState state = 3; }
message LookupInstancesRequest { Query query = 1; }
message LookupInstancesResponse { repeated JobInstance instances = 1; }
@cancel_messages@"""

_CANCEL_RPC = "  rpc CancelInstances(CancelInstancesRequest) returns (CancelInstancesResponse);\n"
_CANCEL_MESSAGES = """\
message CancelInstancesRequest { Query query = 1; }
message CancelInstancesResponse { repeated JobInstance instances = 1; }
"""


def text(release):
    """Give `service.proto` of a release."""
    later = release == LATER
    return (
        _TEXT.replace("@cancel_rpc@", _CANCEL_RPC if later else "")
        .replace("@cancelled_at@", "canceled_at" if later else "cancelled_at")
        .replace("@cancel_messages@", _CANCEL_MESSAGES if later else "")
    )


def generate(directory, release):
    """Generate the Python stubs of a release into a directory, as upstream's users do."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "service.proto").write_text(text(release))
    command = [sys.executable, "-W", "ignore", "-m", "grpc_tools.protoc", "-I", str(directory)]
    command += [f"--python_out={directory}", f"--grpc_python_out={directory}", "service.proto"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return directory
