"""What every blob store must do. A subclass provides the fixture `home`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol
from zlib import crc32

import pytest

from portico.domain.errors import Conflict, Damaged, Invalid, NotFound
from portico.store.objects import SMALL, BlobRef, Blobs

SEGMENT = 256 * 1024
"""Segment size that the tests' stores are opened with."""


class BlobHome(Protocol):
    """Where blobs live."""

    blobs: Blobs

    def crash(self) -> Blobs:
        """Reopen without closing."""
        ...

    def spoil(self, ref: BlobRef) -> None:
        """Change one stored byte."""
        ...


def large(blobs: Blobs, *chunks: bytes) -> BlobRef:
    with blobs.open_large() as writer:
        for chunk in chunks:
            writer.write(chunk)
        return writer.commit()


def missing(read: Callable[[], bytes]) -> bool:
    try:
        read()
    except NotFound:
        return True
    return False


class BlobConformance:
    """Tests of the port, for any blob store."""

    @pytest.mark.parametrize("data", [b"", b"\0", b"hello", bytes(SMALL)], ids=len)
    def test_a_staged_blob_is_read_at_once_and_after_a_sync(self, home: BlobHome, data: bytes) -> None:
        ref = home.blobs.stage(data)
        assert (ref.length, ref.crc, ref.large) == (len(data), crc32(data), False)
        assert home.blobs.read(ref) == data
        home.blobs.sync()
        assert home.blobs.read(BlobRef.parse(ref.encode())) == data

    @pytest.mark.parametrize("sizes", [(), (0,), (1,), (SMALL, 1), (1 << 20, 1 << 20, 3)], ids=str)
    def test_a_large_blob_is_read_whole(self, home: BlobHome, sizes: tuple[int, ...]) -> None:
        chunks = [bytes([n + 1]) * size for n, size in enumerate(sizes)]
        ref = large(home.blobs, *chunks)
        assert (ref.length, ref.crc, ref.large) == (sum(sizes), crc32(b"".join(chunks)), True)
        assert home.blobs.read(BlobRef.parse(ref.encode())) == b"".join(chunks)

    @pytest.mark.parametrize("offset", [0, 3, 9, 10, 11, 1 << 62])
    @pytest.mark.parametrize("length", [-1, 0, 1, 4, 10, 1 << 62])
    def test_a_part_is_cut_as_from_bytes(self, home: BlobHome, offset: int, length: int) -> None:
        data = b"0123456789"
        expected = data[offset:] if length < 0 else data[offset : offset + length]
        home.blobs.stage(b"before")
        refs = [home.blobs.stage(data), large(home.blobs, data)]
        home.blobs.stage(b"after")
        for ref in refs:
            assert home.blobs.read(ref, offset, length) == expected
            with pytest.raises(Invalid):
                home.blobs.read(ref, -1, length)

    def test_what_is_too_large_is_not_staged(self, home: BlobHome) -> None:
        with pytest.raises(Invalid, match="too large to stage"):
            home.blobs.stage(bytes(SMALL + 1))

    def test_many_blobs_fill_many_segments(self, home: BlobHome) -> None:
        refs = [(home.blobs.stage(bytes([n]) * 60_000), bytes([n]) * 60_000) for n in range(20)]
        assert len({ref.file for ref, _ in refs}) == 5
        assert all(home.blobs.read(ref) == data for ref, data in refs)

    def test_synced_and_committed_blobs_survive_a_crash(self, home: BlobHome) -> None:
        small = [home.blobs.stage(b"%d" % n * 20_000) for n in range(9)]
        big = large(home.blobs, b"big")
        home.blobs.sync()
        blobs = home.crash()
        assert [blobs.read(ref)[:1] for ref in small] == [b"%d" % n for n in range(9)]
        assert blobs.read(big) == b"big"
        assert blobs.stage(b"x").file not in {ref.file for ref in small}

    def test_close_keeps_what_was_staged(self, home: BlobHome) -> None:
        ref = home.blobs.stage(b"kept")
        home.blobs.close()
        assert home.crash().read(ref) == b"kept"

    def test_a_spoilt_blob_is_named(self, home: BlobHome) -> None:
        for ref in (home.blobs.stage(b"good bytes"), large(home.blobs, b"good bytes")):
            home.spoil(ref)
            with pytest.raises(Damaged, match=ref.encode()):
                home.blobs.read(ref)

    def test_a_part_of_a_spoilt_small_blob_is_refused_too(self, home: BlobHome) -> None:
        ref = home.blobs.stage(b"good bytes")
        home.spoil(ref)
        with pytest.raises(Damaged):
            home.blobs.read(ref, ref.length - 1, 1)

    @pytest.mark.parametrize("file", ["s99", "f" * 33])
    def test_an_unknown_blob_is_not_found(self, home: BlobHome, file: str) -> None:
        ref = BlobRef(file.replace("f" * 33, "f" + "0" * 32), 0, 1, 0)
        with pytest.raises(NotFound, match=ref.encode()):
            home.blobs.read(ref)

    def test_a_ref_past_the_end_is_damaged_and_costs_no_memory(self, home: BlobHome) -> None:
        for ref in (home.blobs.stage(b"abc"), large(home.blobs, b"abc")):
            beyond = BlobRef(ref.file, ref.offset, 10**17, ref.crc)
            with pytest.raises(Damaged, match="is damaged"):
                home.blobs.read(beyond)

    def test_a_discarded_blob_leaves_nothing(self, home: BlobHome) -> None:
        writer = home.blobs.open_large()
        writer.write(b"x")
        writer.discard()
        writer.discard()
        for use in (writer.commit, lambda: writer.write(b"y")):
            with pytest.raises(Conflict, match="finished"):
                use()
        with pytest.raises(ZeroDivisionError), home.blobs.open_large() as failing:
            failing.write(b"%d" % (1 // 0))
        assert home.blobs.sweep(()) == home.blobs.sweep(()) == 0

    def test_unnamed_blobs_go_at_the_second_sweep(self, home: BlobHome) -> None:
        segments = [home.blobs.stage(bytes(SMALL)) for _ in range(3 * SEGMENT // SMALL)]
        lost, kept = large(home.blobs, b"lost"), large(home.blobs, b"kept")
        live = [kept, segments[5]]
        assert len({ref.file for ref in segments}) == 3
        assert home.blobs.sweep(live) == 0
        assert home.blobs.read(lost) == b"lost"
        assert home.blobs.sweep(live) == 2
        gone = [ref for ref in [*segments, lost, kept] if missing(lambda ref=ref: home.blobs.read(ref))]
        # The whole second segment stays for one live blob; the third is still being written.
        assert gone == [*segments[:4], lost]
        assert home.blobs.sweep(live) == 0

    def test_a_blob_named_after_the_first_sweep_stays(self, home: BlobHome) -> None:
        ref = large(home.blobs, b"slow")
        home.blobs.sweep(())
        home.blobs.sweep([ref])
        home.blobs.sweep([ref])
        assert home.blobs.read(ref) == b"slow"
        assert [home.blobs.sweep(()), home.blobs.sweep(())] == [0, 1]

    def test_the_first_sweep_takes_what_an_earlier_process_left(self, home: BlobHome) -> None:
        lost, kept = home.blobs.stage(b"lost"), large(home.blobs, b"kept")
        home.blobs.sync()
        blobs = home.crash()
        assert blobs.sweep([kept]) == 1
        assert missing(lambda: blobs.read(lost))
        assert blobs.read(kept) == b"kept"

    def test_threads_stage_and_sync_side_by_side(self, home: BlobHome) -> None:
        refs: dict[bytes, BlobRef] = {}

        def work(name: int) -> None:
            for n in range(50):
                data = b"%d/%d" % (name, n) * 500
                refs[data] = home.blobs.stage(data)
                if n % 5 == 0:
                    home.blobs.sync()

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refs) == 200
        assert all(home.blobs.read(ref) == data for data, ref in refs.items())
