# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which line of a data file is a call's: a function of the call's number and its user, so that nothing is kept for a call.

A scenario may insert lines. A call keeps the line that it took when it began, as in SIPp: of the calls that begin later the
first goes on where the others had come to. `grow` notes that, so a table remembers its growth and no call.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from random import Random
from typing import Final

from engine.scenario.data_files.heading import OrderName

NO_LINE: Final = -1
_64_BITS: Final = (1 << 64) - 1


class Order:
    """SEQUENTIAL: call after call takes the next line, and the first again after the last.

    `size` is the number of lines now.
    """

    __slots__ = ("_first_size", "_numbers", "_places", "_sizes", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._first_size = size
        self._numbers = array("q")
        """From the call with this number on …"""
        self._sizes = array("q")
        """… there were so many lines …"""
        self._places = array("q")
        """… and that call took the line here, if calls take turns."""

    def line_of(self, number: int, user: int) -> int:
        """The line of the call with this number (from 1) and user (0: none), or NO_LINE."""
        if not self._numbers:
            return (number - 1) % self._first_size
        at = bisect_right(self._numbers, number) - 1
        if at < 0:
            return (number - 1) % self._first_size
        return (self._places[at] + number - self._numbers[at]) % self._sizes[at]

    def grow(self, next_number: int) -> None:
        """There is one line more; the next call that begins has this number."""
        if self._numbers and self._numbers[-1] == next_number:
            self._sizes[-1] += 1
        else:
            place = self.line_of(next_number, 0)
            self._numbers.append(next_number)
            self._places.append(place)
            self._sizes.append(self.size + 1)
        self.size += 1

    def size_for(self, number: int) -> int:
        """How many lines there were when this call began."""
        at = bisect_right(self._numbers, number) - 1
        return self._first_size if at < 0 else self._sizes[at]


class RandomOrder(Order):
    """RANDOM: each call takes some line.

    Which one is computed from the call's number with the generator SplitMix64 (Steele, Lea and Flood 2014), which jumps to any
    place of its sequence. So a run with a seed repeats, whatever else is drawn in between.
    """

    __slots__ = ("_key",)

    def __init__(self, size: int, random: Random) -> None:
        super().__init__(size)
        self._key = random.getrandbits(64)

    def line_of(self, number: int, user: int) -> int:
        """See `Order`."""
        z = (self._key + number * 0x9E3779B97F4A7C15) & _64_BITS
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _64_BITS
        return ((z ^ (z >> 31)) * (self.size_for(number) if self._numbers else self._first_size)) >> 64


class UserOrder(Order):
    """USER: user n takes the n-th line in each of its calls."""

    __slots__ = ()

    def line_of(self, number: int, user: int) -> int:
        """See `Order`."""
        return user - 1 if 0 < user <= self.size else NO_LINE


def make_order(name: OrderName, size: int, random: Random) -> Order:
    """The order of this name, for a file with `size` lines."""
    if name is OrderName.RANDOM:
        return RandomOrder(size, random)
    return UserOrder(size) if name is OrderName.USER else Order(size)
