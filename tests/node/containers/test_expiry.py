from hypothesis import given
from hypothesis import strategies as st

from portico.domain.identity import Instant
from portico.node.containers.expiry import StoredImage, plan_removal

IMAGES = [StoredImage("a", Instant(10), 5), StoredImage("b", Instant(20), 5), StoredImage("c", Instant(30), 5)]


def test_the_old_go() -> None:
    assert plan_removal(Instant(45), IMAGES, IMAGES, 20, 1000) == ["a", "b"]


def test_the_longest_unused_go_while_there_is_too_much() -> None:
    assert plan_removal(Instant(30), IMAGES, IMAGES, 1000, 10) == ["a"]


def test_used_ones_count_but_stay() -> None:
    assert plan_removal(Instant(30), IMAGES[1:], IMAGES, 1000, 4) == ["b", "c"]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=8), st.integers(0, 50), st.integers(0, 40))
def test_what_stays_is_young_and_little(facts: list[tuple[int, int]], age: int, most: int) -> None:
    images = [StoredImage(str(number), Instant(at), size) for number, (at, size) in enumerate(facts)]
    going = plan_removal(Instant(50), images, images, age, most)
    staying = [image for image in images if image.digest not in going]
    assert sum(image.size for image in staying) <= most or not staying
    assert all(50 - image.used_at <= age for image in staying)
    if going:
        last = next(image for image in images if image.digest == going[-1])
        assert 50 - last.used_at > age or sum(image.size for image in staying) + last.size > most
