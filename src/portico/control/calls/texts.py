"""Numbers of many texts at once: what clients name by the thousand costs a tenth of what one by one would.

Owns nothing; says the same as `Naming.number` for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from portico.domain.calls.naming import LENGTH, Kind, Naming

FEW = 8
_DIGITS = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12)
_WEIGHTS = np.array([1 << (4 * place) for place in reversed(range(len(_DIGITS)))], np.int64)
_NO_DIGIT = 16
_VALUES = np.full(256, _NO_DIGIT, np.int64)
_VALUES[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


def numbers_of(naming: Naming, kind: Kind, texts: Sequence[str]) -> list[int]:
    """Give the number that each text names; 0 when it names none here."""
    joined = "".join(texts)
    if len(texts) < FEW or set(map(len, texts)) != {LENGTH} or not joined.isascii():
        return [naming.number(kind, text) for text in texts]
    letters = np.frombuffer(joined.encode(), np.uint8).reshape(len(texts), LENGTH)
    digits = _VALUES[letters[:, _DIGITS]]
    numbers = digits @ _WEIGHTS
    good = (letters[:, 13:] == _suffix(naming.suffixes[kind])).all(axis=1) & (letters[:, 8] == ord("-"))
    good &= (digits != _NO_DIGIT).all(axis=1)
    found: list[int] = np.where(good, numbers, 0).tolist()
    return found


@lru_cache(maxsize=8)
def _suffix(suffix: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(suffix.encode(), np.uint8)
