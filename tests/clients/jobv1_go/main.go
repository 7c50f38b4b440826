// A client of job.v1 as a Go program has it: grpc-go over code that protoc-gen-go made of service.proto.
//
// It reads one JSON request a line, {"method": …, "request": …}, and answers each with one line, {"ok": …} or
// {"error": {"code": …, "details": …}}; messages are written as protobuf's JSON with the fields' own names.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"portico.test/jobv1/api"
)

const patience = 15 * time.Second

type call struct {
	Method  string          `json:"method"`
	Request json.RawMessage `json:"request"`
}

type refusal struct {
	Code    string `json:"code"`
	Details string `json:"details"`
}

type answer struct {
	Ok    json.RawMessage `json:"ok,omitempty"`
	Error *refusal        `json:"error,omitempty"`
}

func main() {
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fail(err)
	}
	defer connection.Close()
	client := api.NewJobServiceClient(connection)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		written, err := json.Marshal(serve(client, lines.Bytes()))
		if err != nil {
			fail(err)
		}
		fmt.Println(string(written))
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

func serve(client api.JobServiceClient, line []byte) answer {
	var wanted call
	if err := json.Unmarshal(line, &wanted); err != nil {
		fail(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	message, err := perform(ctx, client, wanted)
	if err != nil {
		refused := status.Convert(err)
		return answer{Error: &refusal{refused.Code().String(), refused.Message()}}
	}
	written, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	if err != nil {
		fail(err)
	}
	return answer{Ok: written}
}

func perform(ctx context.Context, client api.JobServiceClient, wanted call) (proto.Message, error) {
	switch wanted.Method {
	case "GetVersion":
		return client.GetVersion(ctx, read(wanted, &api.VersionRequest{}))
	case "ScheduleJob":
		return client.ScheduleJob(ctx, read(wanted, &api.ScheduleJobRequest{}))
	case "ListRegisteredJobs":
		return client.ListRegisteredJobs(ctx, read(wanted, &api.ListRegisteredJobsRequest{}))
	case "LookupInstances":
		return client.LookupInstances(ctx, read(wanted, &api.LookupInstancesRequest{}))
	case "CancelInstances":
		return client.CancelInstances(ctx, read(wanted, &api.CancelInstancesRequest{}))
	}
	fail(fmt.Errorf("no such method: %s", wanted.Method))
	return nil, nil
}

func read[M proto.Message](wanted call, message M) M {
	if err := protojson.Unmarshal(wanted.Request, message); err != nil {
		fail(err)
	}
	return message
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
