"""A set of digests is a set that keeps the order, in little room."""

import hashlib
import sys

import pytest

from ocr_nb.digests import Digests


def digest(number):
    return hashlib.blake2b(str(number).encode(), digest_size=16).digest()


def test_what_was_added_is_there_in_order_and_once():
    """As a dict would say, beyond several growths."""
    numbers = [number * 7919 % 5000 for number in range(9000)]
    found = Digests()
    added = [found.add(digest(number)) for number in numbers]
    expected = dict.fromkeys(map(digest, numbers))
    assert list(expected) == list(found)
    assert len(expected) == len(found) == sum(added)
    assert all(one in found for one in expected)
    assert not any(digest(number) in found for number in range(5000, 9000))


def test_digests_that_begin_alike_are_told_apart():
    """Where the slots collide, all sixteen bytes decide."""
    alike = [bytes(8) + number.to_bytes(8, "big") for number in range(50)]
    found = Digests(alike)
    assert alike == list(found)
    assert bytes(8) + (50).to_bytes(8, "big") not in found


def test_what_is_no_digest_is_refused():
    """It would shift all that follow."""
    with pytest.raises(ValueError, match="16 bytes, not 3"):
        Digests([b"abc"])


def test_a_hundred_thousand_take_three_megabytes():
    """A dict of them would take fifteen."""
    found = Digests(number.to_bytes(16, "little") for number in range(100_000))
    assert sys.getsizeof(found._keys) + sys.getsizeof(found._slots) < 3_000_000
