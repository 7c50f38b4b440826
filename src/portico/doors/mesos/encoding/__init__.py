"""Bytes to messages and back: RecordIO framing, proto2 as JSON, and which of the two encodings a request speaks."""
