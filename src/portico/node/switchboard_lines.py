"""What is said to a switchboard's socket: frames, roles, and one connection as the switchboard sees it.

Frames are a letter, four bytes of length in network order, and as many bytes. First comes HELLO; the other side names
its role, and is answered TAKEN, or REFUSED with a reason. Readers and sessions get OUTPUT and ERRORS, and OVER at the
end. A writer sends INPUT, of no bytes for the end of it; there is one writer at a time. Writers and sessions may send
SIZE, rows and columns as two bytes each; a session has it in its role frame. Promises: sending never waits.
"""

from __future__ import annotations

import socket
import struct
import time

SOCKET = ".switchboard"
GREETING = b"portico switchboard 1"

HELLO, TAKEN, REFUSED, OUTPUT, ERRORS, OVER = b"H", b"A", b"N", b"O", b"E", b"X"
READER, SESSION, WRITER, INPUT, SIZE = b"R", b"S", b"W", b"I", b"Z"

HEAD = struct.Struct(">cI")
ROWS_COLUMNS = struct.Struct(">HH")
MOST_FRAME = 1 << 20
_CHUNK = 64 << 10


class Line:
    """One connection: what it is, what it said, what it is still to be sent.

    `took_at` is when it last took something that it was owed, `cost` how many seconds others have waited for it.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        self.connection = connection
        self.role = b""
        self.open = True
        self.took_at = time.monotonic()
        self.cost = 0.0
        self._said = bytearray()
        self._owed = bytearray()
        self.send(HELLO, GREETING)

    @property
    def behind(self) -> int:
        """Count the bytes still to be sent."""
        return len(self._owed)

    def send(self, kind: bytes, data: bytes = b"") -> None:
        """Send as much of a frame as can be sent now, and keep the rest."""
        if not self._owed:
            self.took_at = time.monotonic()
        self._owed += HEAD.pack(kind, len(data)) + data
        self.flush()

    def flush(self) -> None:
        """Send what can be sent now."""
        while self.open and self._owed:
            try:
                sent = self.connection.send(self._owed[:_CHUNK])
            except BlockingIOError:
                return
            except OSError:
                self.close()
                return
            del self._owed[:sent]
            self.took_at = time.monotonic()

    def receive(self) -> list[tuple[bytes, bytes]]:
        """Give the frames that are complete; a line that ends, or says too much at once, is closed."""
        try:
            data = self.connection.recv(_CHUNK)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.close()
        self._said += data
        frames: list[tuple[bytes, bytes]] = []
        while len(self._said) >= HEAD.size:
            kind, length = HEAD.unpack_from(self._said)
            if length > MOST_FRAME:
                self.close()
                return frames
            end = HEAD.size + length
            if len(self._said) < end:
                break
            frames.append((kind, bytes(self._said[HEAD.size : end])))
            del self._said[:end]
        return frames

    def close(self) -> None:
        """Hang up."""
        self.open = False
        self.connection.close()
