"""Ctrl-C, heard at safe points only: an exception thrown into a compiler or a checkpoint could ruin either."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """While it is open, the first SIGINT or SIGTERM only sets ``stop``; a second one acts as it always did.

    Outside the main thread, where Python lets nobody handle signals, it changes nothing.
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
        """As if the first signal had come."""
        self.heard = True
        self.stop.set()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.interrupt()
        self.__exit__()
