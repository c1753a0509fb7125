"""Progress of long work on standard error: one live line in a terminal or notebook, otherwise a line now and then.

The command and ``progress=True`` in Python print with the same ``ProgressPrinter``. rich is imported when the first
line is shown.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from holdfast.core.progress import Progress
from holdfast.core.text import encodable, escaped, width_of

if TYPE_CHECKING:
    from rich.progress import Progress as LiveProgress

LINE_SECONDS = 10.0
"""Seconds between two lines where the output cannot be rewritten: a pipe, a file, a terminal without cursor control."""
BAR, SHORT_BAR = 20, 10
"""Columns of a bar."""


class ProgressPrinter:
    """Prints the progress of one piece of work after another; a context manager, which clears its line at the end.

    Pass it to a function that reports: ``watch(what, progress)`` is the printer itself, ``tell(text)`` is ``say``.
    Nothing is printed if it is not ``shown``.
    """

    def __init__(
        self, file: TextIO | None = None, clock: Callable[[], float] = time.monotonic, *, shown: bool = True
    ) -> None:
        self._file, self._clock, self._shown = file or sys.stderr, clock, shown
        self._last = clock()
        self._what, self._progress = "", None
        self._live: LiveProgress | None = None

    def __call__(self, what: str, progress: Progress) -> None:
        """Show how far ``what`` is."""
        self._tell(what, progress)

    def say(self, text: str) -> None:
        """Show what is being done, where nobody knows how long it takes."""
        self._tell(text, None)

    def done(self) -> None:
        """Clear the live line."""
        if self._live:
            with contextlib.suppress(OSError):
                self._live.stop()
            self._live = None

    def __enter__(self) -> ProgressPrinter:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()

    def _tell(self, what: str, progress: Progress | None) -> None:
        if not self._shown:
            return
        self._what, self._progress, now = escaped(what), progress, self._clock()
        if _is_rewritable(self._file):
            self._last = now
            with contextlib.suppress(OSError):  # standard error was closed; the work goes on
                self._live = self._live or _started(self._file, self._line)
        elif now - self._last >= LINE_SECONDS:
            self._last = now
            with contextlib.suppress(OSError):
                width = width_of(self._file, 0)
                self._file.write((self._line(width) if width else next(forms(self._what, progress))) + "\n")
                self._file.flush()

    def _line(self, width: int) -> str:
        """The live line as it stands; the remaining time goes on falling between two reports."""
        return fitted(self._what, self._progress, width, self._file.encoding, self._clock() - self._last)


def fitted(what: str, progress: Progress | None, width: int, encoding: str | None = "utf-8", ago: float = 0.0) -> str:
    """The longest form of a progress line that fits into ``width`` columns, ``ago`` seconds after it was reported.

    >>> fitted("recall, gru", Progress(1, 2, 4, 65.0, loss=0.125, share=0.5), 40)
    'recall, gru  1/4 solved  loss 0.125 1:05'
    """
    from rich.cells import cell_len, set_cell_size

    shortest = ""
    for form in forms(what, progress, ago):
        shortest = encodable(form, encoding)
        if cell_len(shortest) <= width:
            return shortest
    name = encodable(what, encoding)
    rest, dots = shortest.removeprefix(name), encodable("…", encoding)
    room = width - cell_len(rest) - len(dots)
    if room < 1:
        return set_cell_size(shortest, width)
    return set_cell_size(name, room).rstrip() + dots + rest


def forms(what: str, progress: Progress | None, ago: float = 0.0) -> Iterator[str]:
    """One line, from its longest form to its shortest."""
    if progress is None:
        yield what
        return
    p, left = progress, max(0.0, progress.seconds_left - ago)
    loss = f"  loss {p.loss:.3g}" if math.isfinite(p.loss) else ""
    waiting, over = math.isinf(left), p.finished == p.of
    speed = f"  {p.sequences_per_second:,.0f} sequences/s" if p.sequences_per_second and not waiting else ""
    long = "" if over else "  compiling" if waiting else f"  at most {duration(left)} left"
    solved = f"  {p.solved:,}/{p.of:,} solved"
    both = f"  {p.solved:,} solved, {p.finished:,} of {p.of:,} finished"
    yield what + _bar(p, BAR) + both + loss + speed + long
    yield what + _bar(p, BAR) + both + loss + long
    yield what + _bar(p, SHORT_BAR) + solved + loss + long
    yield what + solved + loss + long
    yield what + solved + loss + (long if waiting or over else f" {_clock(left)}")


def _bar(progress: Progress, columns: int) -> str:
    if not math.isfinite(progress.share):
        return ""
    full = round(columns * min(1.0, max(0.0, progress.share)))
    return "  " + "█" * full + "░" * (columns - full)


def duration(seconds: float) -> str:
    """A time in words: 2 h 05 min, 1 min 05 s, 5 s."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _is_rewritable(file: TextIO) -> bool:
    """Whether a line can be written over: in a terminal that can move its cursor, or in a notebook."""
    return (file.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown")) or _in_notebook()


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    found = shell.get_ipython() if shell else None
    return type(found).__name__ == "ZMQInteractiveShell"


def _started(file: TextIO, line: Callable[[int], str]) -> LiveProgress:
    """A live display of one line, which asks for its text when it is drawn."""
    from rich.console import Console
    from rich.progress import Progress as LiveProgress
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    console = Console(file=None if _in_notebook() else file, stderr=True)

    class Line(ProgressColumn):
        def render(self, task: Task) -> Text:
            # One column less than the terminal: some wrap when the last one is written.
            return Text(line(console.width - 1), no_wrap=True, overflow="crop", end="")

    live = LiveProgress(
        Line(), console=console, transient=True, refresh_per_second=4, redirect_stdout=False, redirect_stderr=False
    )
    live.add_task("")
    live.start()
    return live
