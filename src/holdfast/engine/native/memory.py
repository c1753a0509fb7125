"""How much memory a call of the library needs and how much is available; a call that cannot fit is refused beforehand.

A system that overcommits memory ends the process without a message when the memory is written to. The estimate counts
the memory that will be written to. It is a lower bound, so that no call is refused that would have fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from holdfast.core.errors import BadValue
from holdfast.engine.native import library

ITEM_ROWS = 32
"""The largest number of rows of a batch that share one sum of the gradients of the weights."""


@dataclass(frozen=True)
class Call:
    """The sizes of a call. ``weights`` counts the numbers in one network's matrices and biases. ``window`` is that of
    truncated backpropagation in steps (0: none). A call that is not ``differentiated`` saves nothing for a gradient."""

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
        """The bytes of the library's arrays: results, saved values, sums and results of the gradient, scratch
        memory."""
        rows = self.networks * self.batch
        numbers = rows * (self.steps + 1) * self.units  # the hidden states, the last state
        if self.differentiated:
            numbers += self.saved(self.networks, self.batch, self.steps, self.window)
            items = -(-self.batch // ITEM_ROWS)
            numbers += self.networks * self.weights * (1 + items)  # the gradients, and the sums of every item
            # The cotangents of the last state and of the hidden states; if the latter are zero, networks share them.
            numbers += rows * self.units + self.batch * self.steps * self.units
            if 0 < self.window < self.steps:  # every working thread recomputes one window
                share = -(-self.batch // items)
                threads = min(library.status().threads or 1, self.networks * items)
                numbers += threads * self.saved(1, share, self.window, 0)
        return numbers * self.number_bytes

    def saved(self, networks: int, batch: int, steps: int, window: int) -> int:
        return library.saved_numbers(self.cell, self.number_bytes, (networks, batch, steps, self.units), window)


def refuse_too_much(needed: float, what: str, fix: str) -> None:
    """Raise ``BadValue`` if ``what`` needs more bytes than are available. ``fix`` is the advice in the message."""
    if needed > (limit := to_be_had()):
        raise BadValue(
            f"{what} need {needed / 2**30:.3g} GiB of memory, and {limit / 2**30:.3g} GiB are available here.",
            fix,
        )


def to_be_had() -> float:
    """The bytes that this process can use: free memory plus its own memory, which it can reuse, but not more than the
    machine has or its container allows. Infinite if the system does not report it."""
    limits = [installed(), *(_number(path) for path in CONTAINER)]
    return min(*limits, float(psutil.virtual_memory().available + psutil.Process().memory_info().rss))


CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def installed() -> float:
    """The bytes of this machine's memory."""
    return float(psutil.virtual_memory().total)


def _number(path: str) -> float:
    try:
        return float(Path(path).read_text())
    except (OSError, ValueError):  # the file does not exist, or holds "max"
        return float("inf")
        return float("inf")
