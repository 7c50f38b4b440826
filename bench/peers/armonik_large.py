"""Uploads one large ArmoniK result in pieces and downloads it again, and sees that it is the same.

`python armonik_large.py ADDRESS MEBIBYTES`; prints one JSON line with the seconds up and down.
"""

from __future__ import annotations

import json
import os
import sys
import time
import zlib
from collections.abc import Iterator

import grpc
from google.protobuf.duration_pb2 import Duration

from portico.wire.armonik import (  # noqa: TID251 — a client knows the wire, not the server
    objects_pb2,
    results_pb2,
    results_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
)

MEBIBYTE = 1 << 20
DISTINCT = 8
"""Pieces that are sent in turn; none like its neighbours."""


class Large:
    def __init__(self, channel: grpc.Channel, mebibytes: int) -> None:
        self._results = results_pb2_grpc.ResultsStub(channel)
        piece = self._results.GetServiceConfiguration(objects_pb2.Empty()).data_chunk_max_size
        self._distinct = [os.urandom(piece) for _ in range(DISTINCT)]
        self._pieces = mebibytes * MEBIBYTE // piece
        request = sessions_pb2.CreateSessionRequest(
            default_task_option=objects_pb2.TaskOptions(max_duration=Duration(seconds=60), max_retries=1, priority=1)
        )
        self._session = sessions_pb2_grpc.SessionsStub(channel).CreateSession(request).session_id
        create = results_pb2.CreateResultsMetaDataRequest.ResultCreate(name="large")
        promise = results_pb2.CreateResultsMetaDataRequest(session_id=self._session, results=[create])
        self._result = self._results.CreateResultsMetaData(promise).results[0].result_id
        self._sent = self._received = 0

    def up(self) -> float:
        begun = time.perf_counter()
        reply = self._results.UploadResultData(self._requests())
        assert reply.result.size == sum(len(piece) for piece in self._distinct) * self._pieces // DISTINCT, reply
        return time.perf_counter() - begun

    def down(self) -> float:
        begun = time.perf_counter()
        request = results_pb2.DownloadResultDataRequest(session_id=self._session, result_id=self._result)
        for piece in self._results.DownloadResultData(request):
            self._received = zlib.crc32(piece.data_chunk, self._received)
        assert self._received == self._sent, "what came is not what went"
        return time.perf_counter() - begun

    def _requests(self) -> Iterator[results_pb2.UploadResultDataRequest]:
        request = results_pb2.UploadResultDataRequest
        yield request(id=request.ResultIdentifier(session_id=self._session, result_id=self._result))
        for number in range(self._pieces):
            piece = self._distinct[number % DISTINCT]
            self._sent = zlib.crc32(piece, self._sent)
            yield request(data_chunk=piece)


if __name__ == "__main__":
    with grpc.insecure_channel(sys.argv[1], options=(("grpc.max_receive_message_length", -1),)) as given:
        large = Large(given, int(sys.argv[2]))
        print(json.dumps({"up": large.up(), "down": large.down()}))
