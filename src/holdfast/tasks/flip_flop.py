"""Read symbols that write a value or are to be ignored, and give the value that was written last.

Both kinds of symbol carry a value, so that only their kind tells which values to keep. The first symbol writes.

Source: flip-flop language modelling, Liu et al. 2023, arXiv:2306.00946, where a third instruction reads; here the value
is asked for after every step, or after the last.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.task import axis
from holdfast.tasks._automaton_task import AutomatonTask
from holdfast.tasks._explored import explored


@dataclass(frozen=True)
class FlipFlop(AutomatonTask):
    """inputs one-hot [time, 2 * values]: write a value (w0, w1, ...), or ignore one (i0, i1, ...); targets one-hot over
    the values."""

    values: int = axis(2, "number of values", least=2)
    ignore: float = axis(0.8, "probability of a symbol that is to be ignored", least=0)

    def _own_mistakes(self):
        return [] if self.ignore < 1 else [f"--ignore is {self.ignore:g}, expected less than 1"]

    def _made(self):
        n = self.values
        names = tuple(str(value) for value in range(n))

        def step(state: str, symbol: int) -> str | None:
            return names[symbol] if symbol < n else None if state == "" else state

        def weights(state: str) -> dict[int, float]:
            ignored = self.ignore if state else 0.0
            written = dict.fromkeys(range(n), (1 - ignored) / n)
            return written | ({n + value: ignored / n for value in range(n)} if ignored else {})

        symbols = tuple(f"{kind}{name}" for kind in "wi" for name in names)
        return explored(
            "", symbols, step, lambda state: state or None, answers=names, name=lambda s: s or "start", weights=weights
        )

    def _answers(self, word):
        written = [symbol[1:] if symbol[0] == "w" else None for symbol in word]
        return [next((w for w in reversed(written[: end + 1]) if w is not None), None) for end in range(len(word))]
