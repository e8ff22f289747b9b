"""A set of 16-byte keys in order, as small as can be: a study knows by it what it has planned.

In: digests (`store.identify`). Out: whether one is there already, and all of them in the order in which they
came. Each takes 16 bytes and some ten to be found by; a `dict` of `bytes` takes a hundred and fifty.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

SIZE = 16
"""Bytes of a digest."""
_FIRST = 1024
"""Slots to begin with; a power of two, as later."""


class Digests:
    """Add only. The digests are taken as random: their own bytes say where each is looked for."""

    def __init__(self, digests: Iterable[bytes] = ()) -> None:
        """Take the first digests."""
        self._keys = bytearray()
        self._slots = _empty(_FIRST)
        for digest in digests:
            self.add(digest)

    def add(self, digest: bytes) -> bool:
        """Add a digest behind the others; False when it is there already.

        Raises:
            ValueError: it is not 16 bytes long.
        """
        if len(digest) != SIZE:
            raise ValueError(f"A digest has {SIZE} bytes, not {len(digest)}.")
        slot = self._slot_of(digest)
        if self._slots[slot]:
            return False
        self._keys += digest
        self._slots[slot] = len(self)
        if 3 * len(self) > 2 * len(self._slots):
            self._grow()
        return True

    def __contains__(self, digest: bytes) -> bool:
        return bool(self._slots[self._slot_of(digest)])

    def __len__(self) -> int:
        return len(self._keys) // SIZE

    def __iter__(self) -> Iterator[bytes]:
        """Yield the digests in the order in which they were added."""
        return (bytes(self._keys[place : place + SIZE]) for place in range(0, len(self._keys), SIZE))

    def _slot_of(self, digest: bytes) -> int:
        """Return where the digest stands, or the free slot where it would."""
        mask = len(self._slots) - 1
        slot = int.from_bytes(digest[:8], "little") & mask
        while number := self._slots[slot]:
            if self._keys[SIZE * (number - 1) : SIZE * number] == digest:
                return slot
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        self._slots = _empty(2 * len(self._slots))
        for number, digest in enumerate(self, 1):
            self._slots[self._slot_of(digest)] = number


def _empty(count: int) -> array[int]:
    return array("I", bytes(array("I").itemsize * count))
