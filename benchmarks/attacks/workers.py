"""Cases one after the other in forked processes with limits of time and memory: a crash is counted, and is not the end.

A case is a number. What is made of it returns a word (``refused``, ``read``, ...), or raises: a ``Problem`` is a
refusal, anything else a traceback that a user would see. The peak of resident memory is reset before every case and
read after it.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from holdfast.core.errors import Problem

SECONDS = 5.0
"""A case that takes longer, on the clock or on the processor, whichever is less, is over the limit."""
PATIENCE = 60.0
"""After so many seconds on the clock without a word a process is killed."""
MEMORY_BYTES = 2**30
"""More than a process had before a case."""


Act = Callable[[int], Callable[[], str]]
"""Makes the case of a number, and returns what is measured."""


@dataclass
class Tally:
    """What came of all cases: how often each word, the slowest and the largest, and every fault in words."""

    patience: float = SECONDS
    words: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str]] = field(default_factory=list)
    slowest_seconds: float = 0.0
    largest_bytes: int = 0

    @property
    def cases(self) -> int:
        return sum(self.words.values())

    def add(self, number: int, word: str, detail: str, seconds: float, grown: int) -> None:
        self.words[word] += 1
        self.slowest_seconds = max(self.slowest_seconds, seconds)
        self.largest_bytes = max(self.largest_bytes, grown)
        if seconds > self.patience and word not in ("hang", "crash"):
            self.faults.append((number, f"took {seconds:.1f} s"))
        if grown > MEMORY_BYTES:
            self.faults.append((number, f"took {grown / 2**30:.2f} GiB"))
        if word in ("traceback", "hang", "crash", "untrue"):
            self.faults.append((number, detail))

    def merge(self, other: Tally) -> None:
        self.words += other.words
        self.faults += other.faults
        self.slowest_seconds = max(self.slowest_seconds, other.slowest_seconds)
        self.largest_bytes = max(self.largest_bytes, other.largest_bytes)


def run(act: Act, cases: range, warm: Callable[[], None] = lambda: None, patience: float = SECONDS) -> Tally:
    """Every case of ``cases``, each within ``patience`` seconds. ``warm`` is called once in each process, before
    anything is measured."""
    tally, first = Tally(patience), cases.start
    while first < cases.stop:
        first = _one_process(act, warm, range(first, cases.stop), tally)
    return tally


def isolated(act: Callable[[], object]) -> None:
    """``act`` in a process of its own: what it starts (threads of JAX) is not there in the processes forked later."""
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        code = 1
        try:
            act()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit("the originals could not be made")


def _one_process(act: Act, warm: Callable[[], None], cases: range, tally: Tally) -> int:
    """Run cases in one process until all are done or it dies; the number of the next case."""
    read, write = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(read)
        _work(act, warm, cases, write)
    os.close(write)
    done, ready = cases.start, False
    for line in _lines(read, max(PATIENCE, 2 * tally.patience)):
        ready = True
        if report := json.loads(line):
            tally.add(done, *report)
            done += 1
    os.close(read)
    stuck = _wait(child)
    if not ready:
        raise SystemExit("a process died before its first case: it could not read the originals")
    if done < cases.stop:
        word = "hang" if stuck else "crash"
        tally.add(done, word, f"the process {'said nothing and was killed' if stuck else 'died'}", 0.0, 0)
        done += 1
    return done


def _lines(read: int, silence: float) -> Iterator[bytes]:
    """What the process says, line by line, until it ends or is silent for too long."""
    rest, patience = b"", 20 * silence  # to get ready
    while select.select([read], [], [], patience)[0] and (more := os.read(read, 2**16)):
        patience = silence
        *lines, rest = (rest + more).split(b"\n")
        yield from lines


def _wait(child: int) -> bool:
    """Whether the process had to be killed."""
    for _ in range(20):
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _work(act: Act, warm: Callable[[], None], cases: range, write: int) -> None:
    said = os.fdopen(write, "w")

    def tell(report: tuple[str, str, float, int] | None) -> None:
        print(json.dumps(report), file=said, flush=True)

    code = 1
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        warm()
        data = _status("VmData")
        resource.setrlimit(resource.RLIMIT_DATA, (data + 2 * MEMORY_BYTES,) * 2)
        tell(None)
        for number in cases:
            tell(_one(act, number))
        code = 0
    finally:
        os._exit(code)


def _one(act: Act, number: int) -> tuple[str, str, float, int]:
    made = act(number)
    before = _reset_peak()
    wall, processor = time.perf_counter(), time.process_time()
    try:
        word, detail = made(), ""
    except Problem as problem:
        word, detail = "refused", str(problem)
    except MemoryError:
        word, detail = "traceback", "MemoryError: over the limit of memory"
    except BaseException as error:
        word, detail = "traceback", f"{error!r}\n{traceback.format_exc(limit=-6)}"
    # Where others have the processor a case waits for it; where it has several threads they compute at once.
    seconds = min(time.perf_counter() - wall, time.process_time() - processor)
    return word, detail, seconds, _peak() - before


def _reset_peak() -> int:
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return _peak()


def _peak() -> int:
    return _status("VmHWM")


def _status(word: str) -> int:
    """A size of this process in bytes."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(word))
