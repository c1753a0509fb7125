"""Programs that a user might write, on every cell that lays them out: never further from what they mean than claimed.

``reference.py`` says what a program means. Which cell lays out which program is written down, so that a refusal is
seen when it comes and when it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from holdfast.construction.compile import compile_program
from holdfast.construction.program import RegisterProgram, Sum
from holdfast.core.errors import BadValue
from tests import construction_laws as laws
from tests.construction import reference

pytestmark = pytest.mark.usefixtures("quick_to_compile", "float64")

STEPS, UNITS = 30, 16
BACKENDS = {
    "lstm": ("lstm", ""),
    "gru": ("gru", ""),
    "gru_pytorch": ("gru", "pytorch"),
    "elman": ("elman", ""),
    "lstm1997": ("lstm1997", ""),
    "irnn": ("irnn", ""),
}
EVERY = set(BACKENDS)
GATED = {"lstm", "gru"}
ADDING = EVERY - {"gru_pytorch"}


def first(program: RegisterProgram, name: str = "first", low: float = -1.0, high: float = 1.0) -> Sum:
    """The first number of a channel."""
    x = program.real(f"x of {name}", low, high)
    started = program.flag(f"{name} started", after=1)
    return program.latch(name, x, when=~started, writes=1)


def of_the_docstring() -> RegisterProgram:
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    started = program.flag("started", after=1)
    kept = program.latch("first", x, when=~started)
    program.output(kept)
    return program


def a_part_of_it() -> RegisterProgram:
    """0.3 is no float: its coefficient and its product round."""
    program = RegisterProgram()
    program.output(first(program) * 0.3)
    return program


def a_part_is_written() -> RegisterProgram:
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    program.output(program.latch("first", x * 0.3 + 0.7, when=~program.flag("started", after=1), writes=1))
    return program


def a_little_and_a_thousand() -> RegisterProgram:
    """The sum rounds on the grid of a thousand."""
    program = RegisterProgram()
    program.output(first(program) * 1e-3 + 1000.0)
    return program


def three_times_less_once() -> RegisterProgram:
    program = RegisterProgram()
    kept = first(program)
    program.output(kept * 3.0 - kept)
    program.output(kept)
    return program


def of_large_and_small() -> RegisterProgram:
    program = RegisterProgram()
    program.output(first(program))
    program.output(program.latch("other", program.real("y", -30, 70), when=~program.flag("go", after=1), writes=1))
    return program


def far_from_zero() -> RegisterProgram:
    program = RegisterProgram()
    program.output(first(program, low=7.0, high=9.0))
    return program


def of_a_million() -> RegisterProgram:
    program = RegisterProgram()
    program.output(first(program, low=-1e6, high=1e6) * 1e-6)
    return program


def when_marked() -> RegisterProgram:
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    program.mark("mark", 0, 1)
    program.output(program.latch("kept", x, when=program.reads("mark")))
    return program


def when_first_marked() -> RegisterProgram:
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    program.mark("mark", 0, 1)
    done = program.seen("done", "mark")
    program.output(program.latch("kept", x, when=program.reads("mark") & ~done, writes=1))
    return program


def when_all_three_are() -> RegisterProgram:
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    a, b, c = (program.mark(name, 0, 1) and program.reads(name) for name in "abc")
    program.output(program.latch("kept", x, when=a & b & c))
    return program


def when_two_of_three_are() -> RegisterProgram:
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    a, b, c = (program.mark(name, 0, 1) and program.reads(name) for name in "abc")
    program.output(program.latch("kept", x, when=(a & b) | (b & c) | (a & c)))
    return program


def when_one_of_three_letters_is_read() -> RegisterProgram:
    """The letters are one-hot, so that 'or' adds their marks up."""
    program = RegisterProgram()
    a, b, c, _ = program.symbols("a", "b", "c", "other")
    read = program.reads("a") | program.reads("b") | program.reads("c")
    program.output(program.latch("kept", a - b + c * 0.5, when=read))
    return program


def sum_of_marked() -> RegisterProgram:
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    program.mark("mark", -1, 0, 1)
    program.output(program.accumulate("sum", x, when=program.reads("mark"), writes=4))
    return program


def sum_when_three_are() -> RegisterProgram:
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    a, b, c = (program.mark(name, 0, 1) and program.reads(name) for name in "abc")
    program.output(program.accumulate("sum", x, when=a & b & c, writes=4) * 0.25)
    return program


def what_is_now() -> RegisterProgram:
    program = RegisterProgram()
    program.output(program.delay("now", program.real("x", -1, 1), steps=0))
    return program


def delayed() -> RegisterProgram:
    program = RegisterProgram()
    program.output(program.delay("before", program.real("x", -1, 1), steps=4))
    return program


def first_and_now() -> RegisterProgram:
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    kept = program.latch("first", x, when=~program.flag("started", after=1), writes=1)
    now = program.latch("now", x)
    program.output(kept + now)
    program.output(kept - now)
    return program


def kept_and_copied() -> RegisterProgram:
    program = RegisterProgram()
    program.output(program.latch("again", first(program)))
    return program


def shift_register() -> RegisterProgram:
    program = RegisterProgram()
    value = program.real("x", -1, 1)
    program.mark("shift", 0, 1)
    for place in range(4):
        value = program.latch(f"register {place}", value, when=program.reads("shift"))
    program.output(value)
    return program


def up_to_a_step() -> RegisterProgram:
    program = RegisterProgram()
    x, count = program.real("x", -1, 1), program.counter("count")
    program.output(program.latch("sixth", x, when=~count(6)))
    return program


def up_to_the_second_step() -> RegisterProgram:
    program = RegisterProgram()
    x, count = program.real("x", -1, 1), program.counter("count")
    program.output(program.latch("second", x, when=~count(2)))
    return program


def between_steps() -> RegisterProgram:
    program = RegisterProgram()
    x, count = program.real("x", -1, 1), program.counter("count")
    program.output(program.latch("fifth", x, when=count(4) & ~count(5), writes=1))
    return program


def before_and_after() -> RegisterProgram:
    program = RegisterProgram()
    x, count = program.real("x", -1, 1), program.counter("count")
    program.output(program.latch("third", x, when=~count(3)))
    program.output(program.latch("now, later", x, when=count(6)))
    return program


def bit_and_number() -> RegisterProgram:
    program = RegisterProgram()
    program.output(first(program))
    program.output(program.bit("bit", program.real("sign", -1, 1), noise=0.2))
    return program


def number_from_a_bit() -> RegisterProgram:
    program = RegisterProgram()
    bit = program.bit("bit", program.real("sign", -1, 1), noise=0.2)
    program.output(program.latch("kept", bit, when=~program.flag("started", after=3)))
    return program


PROGRAMS: dict[Callable[[], RegisterProgram], set[str]] = {
    of_the_docstring: GATED,
    a_part_of_it: EVERY,
    a_part_is_written: EVERY,
    a_little_and_a_thousand: EVERY,
    three_times_less_once: EVERY,
    of_large_and_small: EVERY,
    far_from_zero: EVERY,
    of_a_million: EVERY,
    when_marked: GATED,
    when_first_marked: {"lstm", "gru", "lstm1997"},
    when_all_three_are: GATED,
    when_two_of_three_are: GATED,
    when_one_of_three_letters_is_read: GATED,
    sum_of_marked: ADDING,
    sum_when_three_are: ADDING,
    what_is_now: ADDING - {"lstm1997"},
    delayed: ADDING - {"lstm1997"},
    first_and_now: ADDING - {"lstm1997"},
    kept_and_copied: GATED,
    shift_register: GATED,
    up_to_a_step: GATED,
    up_to_the_second_step: GATED,
    between_steps: {"elman", "lstm1997", "irnn"},
    before_and_after: GATED,
    bit_and_number: {"lstm", "gru", "elman"},
    number_from_a_bit: set(),
}
"""With the backends that lay each out; the others refuse."""


def rows_for(program: RegisterProgram) -> np.ndarray:
    """Rows on which every promise of the program is kept: as few writes as it says, bits that are signs at first."""
    draw = np.random.default_rng(3)
    found = reference.rows(program, STEPS, 60, draw, mark=0.2)
    most = min([r.writes for r in program.registers if r.adds and r.writes], default=None)
    if most is not None:
        marks = [place for place, c in enumerate(program.channels) if c.values]
        for number, row in enumerate(found):
            # A third of the rows at once, a third at the end, a third anywhere: all allowed, with everything on.
            steps = (np.arange(most), STEPS - 1 - np.arange(most), draw.permutation(STEPS)[:most])[number // 3 % 3]
            everything = np.isin(np.arange(STEPS), steps)
            row[:, marks[-1]] = np.where(everything, 1, np.minimum(row[:, marks[-1]], 0))
            for place in marks[:-1]:
                row[:, place] = np.where(everything, 1, row[:, place])
    for bit in program.bits:
        (place,) = [n for n, c in enumerate(program.channels) if c.name in bit.value.terms]
        found[:, 1:, place] *= np.float32(bit.noise)
        found[:, 0, place] = np.where(found[:, 0, place] < 0, -1, 1)
    return found


def laid_out(make, backend, steps, dtype, tolerance=0.2):
    cell, form = BACKENDS[backend]
    try:
        return compile_program(make(), cell, units=UNITS, steps=steps, tolerance=tolerance, dtype=dtype, form=form)
    except BadValue:
        return None


def error_on(made, program, run):
    inputs = rows_for(program)
    late = made.claim.least_steps - 1
    return np.abs(run(made.network, inputs).astype(np.float64) - reference.run(program, inputs))[:, late:].max()


def exceeded(make, made, backend):
    """In which arithmetic, and by what, the claim is not met. What the reference itself rounds in float64 is let go."""
    program, size = make(), max(1.0, *(make().size(value) for value in make().outputs))
    double = made.claim.dtype == "float64"
    runs = [(laws.exactly, laws.EXACT * size)] if "real" in made.claim.semantics and not double else []
    if "ieee" in made.claim.semantics:
        room = 2.0**-50 * size if double else 0.0
        runs.append((laws.ours, room))
        if made.sheet.cell in laws.PEERS and not (backend == "gru" and made.claim.steps is None):
            runs.append((laws.torchs, room))
    found = [(run.__name__, error_on(made, program, run), made.claim.error + room) for run, room in runs]
    return [(name, error, allowed) for name, error, allowed in found if not error <= allowed]


every_program = pytest.mark.parametrize("make", PROGRAMS, ids=lambda make: make.__name__)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_program
def test_no_program_is_further_off_than_claimed(make, dtype):
    for backend in BACKENDS:
        for steps in (STEPS, None):
            made = laid_out(make, backend, steps, dtype)
            assert made is None or not exceeded(make, made, backend), (backend, steps)


@every_program
def test_a_program_is_laid_out_where_it_is_said_to_be(make):
    assert {b for b in BACKENDS if laid_out(make, b, STEPS, "float64")} == PROGRAMS[make]


def test_the_reference_says_what_programs_mean():
    """By hand: the first number; marks that were seen before; delays that begin at zero."""
    x = np.array([[[0.5], [0.25], [-1.0], [0.75]]])
    assert reference.run(of_the_docstring(), x)[0, :, 0].tolist() == [0.5] * 4
    assert reference.run(delayed(), np.tile(x, (1, 2, 1)))[0, :, 0].tolist() == [0, 0, 0, 0, 0.5, 0.25, -1.0, 0.75]
    marked = np.concatenate([x, [[[0], [1], [0], [1]]]], -1)
    assert reference.run(when_first_marked(), marked)[0, :, 0].tolist() == [0, 0.25, 0.25, 0.25]
    assert reference.run(when_marked(), marked)[0, :, 0].tolist() == [0, 0.25, 0.25, 0.75]
    assert reference.run(sum_of_marked(), marked)[0, :, 0].tolist() == [0, 0.25, 0.25, 1.0]
    assert reference.run(shift_register(), np.tile(marked, (1, 2, 1)))[0, -1, 0] == 0.25


@pytest.mark.parametrize(("backend", "factor"), [("lstm", 0.1), ("gru", 0.1), ("elman", 0.1)])
def test_a_claim_that_is_too_small_is_caught(backend, factor):
    made = laid_out(a_part_of_it, backend, STEPS, "float32", 0.05)
    small = replace(made, claim=replace(made.claim, error=factor * made.claim.error))
    assert not exceeded(a_part_of_it, made, backend)
    assert exceeded(a_part_of_it, small, backend)


def test_another_program_is_caught():
    made = laid_out(when_marked, "lstm", STEPS, "float32")
    assert exceeded(when_first_marked, made, "lstm")
