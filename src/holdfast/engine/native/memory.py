"""How much memory a call of the library needs, and how much there is to be had: what cannot fit is refused beforehand.

A system that hands out more memory than it has ends the process when it is written to, without a word. So what is
counted here is what will be written to, and it is a little less than the truth rather than more: no call is refused
that would have fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from holdfast.core.errors import BadValue
from holdfast.engine.native import library

ITEM_ROWS = 32
"""At most so many rows of a batch share one sum of the weights' gradients."""


@dataclass(frozen=True)
class Call:
    """The sizes of a call. ``weights`` are the numbers of one network's matrices and biases, ``window`` the steps after
    which the gradient is cut (0: never), and a call that is not ``differentiated`` keeps nothing for a gradient."""

    cell: str
    number_bytes: int
    networks: int
    batch: int
    steps: int
    units: int
    weights: int
    window: int
    differentiated: bool

    @property
    def needed_bytes(self) -> int:
        """What the library's arrays come to: results, what is kept for the gradient, its sums and results, scratch."""
        rows = self.networks * self.batch
        numbers = rows * (self.steps + 1) * self.units  # the hidden states, the last state
        if self.differentiated:
            numbers += self.saved(self.networks, self.batch, self.steps, self.window)
            items = -(-self.batch // ITEM_ROWS)
            numbers += self.networks * self.weights * (1 + items)  # the gradients, and as they are summed
            # The cotangents of the last state and of the hidden states: where these are all zero, networks share them.
            numbers += rows * self.units + self.batch * self.steps * self.units
            if 0 < self.window < self.steps:  # a window run again, by every thread that has work
                share = -(-self.batch // items)
                threads = min(library.status().threads or 1, self.networks * items)
                numbers += threads * self.saved(1, share, self.window, 0)
        return numbers * self.number_bytes

    def saved(self, networks: int, batch: int, steps: int, window: int) -> int:
        return library.saved_numbers(self.cell, self.number_bytes, (networks, batch, steps, self.units), window)


def refuse_too_much(needed: float, what: str, fix: str) -> None:
    """Raise ``BadValue`` where ``what`` needs more bytes than can be had."""
    if needed > (limit := to_be_had()):
        raise BadValue(
            f"{what} need {needed / 2**30:.3g} GiB of memory, and {limit / 2**30:.3g} GiB are available here.",
            fix,
        )


def to_be_had() -> float:
    """The bytes that this process could fill: what is free and what it has already, which it may use again, but not
    more than there is, nor than a container allows."""
    limits = [installed(), *(_number(path) for path in CONTAINER)]
    return min(*limits, float(psutil.virtual_memory().available + psutil.Process().memory_info().rss))


CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def installed() -> float:
    """The bytes of this machine's memory."""
    return float(psutil.virtual_memory().total)


def _number(path: str) -> float:
    try:
        return float(Path(path).read_text())
    except (OSError, ValueError):  # there is none, or it says "max"
        return float("inf")
