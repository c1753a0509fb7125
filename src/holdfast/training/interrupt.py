"""Handle Ctrl-C only at safe points: an exception during compilation or a checkpoint could damage them."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """A context in which the first SIGINT or SIGTERM only sets ``stop``; a second one has its usual effect.

    Outside the main thread, where Python cannot handle signals, it has no effect.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.heard = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def interrupt(self) -> None:
        """Act as if the first signal had arrived."""
        self.heard = True
        self.stop.set()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.interrupt()
        self.__exit__()
