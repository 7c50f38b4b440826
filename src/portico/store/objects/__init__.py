"""Blobs: bytes too large for a record, kept beside the rows that name them."""

from portico.store.objects.files import BlobStore
from portico.store.objects.memory import MemoryBlobs
from portico.store.objects.port import Blobs, LargeWriter
from portico.store.objects.ref import SMALL, BlobRef

__all__ = ["SMALL", "BlobRef", "BlobStore", "Blobs", "LargeWriter", "MemoryBlobs"]
