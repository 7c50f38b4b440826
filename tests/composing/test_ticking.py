from __future__ import annotations

from uuid import UUID

from portico.composing.ticking import SystemIds


def test_ids_increase_and_are_uuids_of_version_seven():
    ids = SystemIds()
    made = [ids.fresh() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert {UUID(text).version for text in made} == {7}


def test_random_bits_are_all_used_and_never_twice():
    ids = SystemIds()
    drawn = [ids._draw(40) for _ in range(5_000)]
    assert len(set(drawn)) == len(drawn)
    assert max(drawn).bit_length() == 40
    for bit in range(40):
        assert 0.4 < sum(number >> bit & 1 for number in drawn) / len(drawn) < 0.6
