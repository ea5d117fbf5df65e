"""What keys of a file may cost."""

from __future__ import annotations

import sys
from decimal import Decimal

import numpy as np
import pytest

from persistence.files.hashes import MOST, Ledger, TooManyAlikeError

ALIKE = [n * sys.hash_info.modulus for n in range(1, MOST + 2)]


def test_keys_of_one_hash_are_counted_for_each_holder() -> None:
    ledger, one, other = Ledger(0), {}, {}
    for holder in (one, other):
        for key in ALIKE[1:]:
            ledger.enter(holder, [key])
    ledger.enter(None, ALIKE[1:])
    ledger.enter(None, ALIKE[1:])
    with pytest.raises(TooManyAlikeError, match="more than 1000 keys have the same hash"):
        ledger.enter(one, ALIKE[:1])


@pytest.mark.parametrize(
    "keys",
    [
        range(-200_000, 200_000),
        map(float, range(100_000)),
        map(str, range(100_000)),
        [(n, m) for n in range(300) for m in range(300)],
        map(np.int64, range(50_000)),
        map(np.uint64, range(2**62, 2**62 + 50_000)),
        map(Decimal, range(50_000)),
        [frozenset((n, n + 1)) for n in range(50_000)],
        ["alike"] * 5000,
    ],
    ids=["int", "float", "str", "pairs", "int64", "uint64", "decimal", "frozensets", "one text"],
)
def test_keys_of_real_files_cost_little(keys) -> None:
    Ledger(1_000_000).enter({}, keys)


def test_a_shared_value_counts_as_often_as_it_is_held() -> None:
    ledger, key = Ledger(0), (1,)
    for _ in range(60):
        key = (key, key)
        ledger.note(key)
    with pytest.raises(TooManyAlikeError, match="more values than the whole file"):
        ledger.enter({}, [key])


@pytest.mark.parametrize("key", [1 << 2**23, (0,) * 300_000, Decimal("1" * 999_999)], ids=type)
def test_the_size_of_a_key_counts_each_time(key) -> None:
    ledger = Ledger(0)
    ledger.enter({}, [key])
    with pytest.raises(TooManyAlikeError, match="more values"):
        ledger.enter({}, [key] * 99)
