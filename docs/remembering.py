"""The page "What can 32 units remember?": its text, and numbers that the program finds while the page is built."""

from __future__ import annotations

import textwrap

from holdfast.certification.prove import prove
from holdfast.construction import constructions, theorems
from holdfast.construction.evaluation.construction import ConstructionReport, construct
from holdfast.construction.evaluation.impossibility import why_impossible
from holdfast.core.claim import Semantics
from holdfast.core.formats import FORMATS
from holdfast.training.settings import make_task

CELLS = ("lstm", "gru", "elman", "lstm1997", "irnn")
STEPS, TOLERANCE = 1000, 1e-3

OWN = """\
from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.construction.compile import compile_program
from holdfast.construction.program import RegisterProgram
from holdfast.training.settings import make_task

program = RegisterProgram()
value = program.real("value", 0, 1)
program.mark("marker", 0, 1)
total = program.accumulate("sum", value, when=program.reads("marker"), writes=2)
program.output(total)

made = compile_program(program, "gru", units=8, steps=200, tolerance=1e-3)
print(made.sheet.units, made.claim.error)

proof = prove(made.network, make_task("adding", {"steps": 200}), tolerance=1e-3, semantics="ieee")
print(proof.verdict, proof.error)
print(check(proof.certificate, made.network))
"""


def page() -> str:
    """The whole page as Markdown."""
    recalled = {cell: _recall(cell, STEPS) for cell in CELLS}
    return TEXT.format(
        steps=STEPS,
        tolerance=TOLERANCE,
        answers=_answers(recalled),
        latch=_code(_picture()),
        weights=_weights(recalled["lstm"]),
        budget=_budget(recalled["lstm"]),
        impossible=_theorem(theorems.ALL_REALS),
        witness=_witness(),
        too_many=_theorem(theorems.TOO_MANY),
        continuum=_theorem(theorems.NO_CONTINUUM),
        open32=f"{FORMATS['float32'].bits * 0.6931471805599453:.2f}",
        open64=f"{FORMATS['float64'].bits * 0.6931471805599453:.2f}",
        forever=_forever(),
        copies=_copies(),
        own=OWN,
        printed=_printed(),
    )


def _recall(cell: str, steps: int | None, form: str = "") -> ConstructionReport:
    task = make_task("recall", {"steps": steps or STEPS, "tolerance": TOLERANCE})
    return construct(task, cell, units=32, steps=steps, tolerance=TOLERANCE, form=form)


def _bound(told: ConstructionReport, semantics: Semantics) -> str:
    proof = prove(told.construction.network, told.task, tolerance=TOLERANCE, semantics=semantics, seconds=30)
    return f"{proof.error:.3g}" if proof.verdict == "proved" and proof.error is not None else proof.verdict


def _answers(recalled: dict[str, ConstructionReport]) -> str:
    rows = [
        (
            f"[`{cell}`](cells/{cell}.md)",
            str(len(told.construction.sheet.units)),
            f"{told.construction.claim.error:.3g}",
            _bound(told, "real"),
            _bound(told, "ieee"),
        )
        for cell, told in recalled.items()
    ]
    return _table(("cell", "units used", "claimed", "proved, exact arithmetic", "proved, float32 as it runs"), rows)


def _forever() -> str:
    rows = []
    for cell in CELLS:
        told = _recall(cell, None)
        proof = prove(
            told.construction.network, told.task, lengths=told.task.lengths("any"), semantics="ieee", seconds=30
        )
        proved = proof.verdict == "proved" and proof.error is not None
        exact = proof.exact_above if proved else None
        rows.append(
            (
                f"`{cell}`",
                f"{proof.error:.2g}" if proved else proof.verdict,
                f"bit for bit from {exact:.2g} on" if exact is not None else "",
            )
        )
    return _table(("cell", "error at every length, float32", "and"), rows)


def _weights(told: ConstructionReport) -> str:
    shown = told.parts()[0]
    return _code(_columns((shown.heads, *shown.rows)))


def _budget(told: ConstructionReport) -> str:
    rows = [(name, f"{value:.2e}") for name, value in told.construction.budget.as_json().items()]
    return _table(("term", "at most"), rows)


def _copies() -> str:
    rows = []
    for n in (2, 10, 30):
        task = make_task("copy", {"steps": n, "lag": 10, "variant": "reals", "tolerance": 0.01})
        told = construct(task, "gru", units=32, steps=task.longest, tolerance=0.01)
        rows.append((str(n), str(len(told.construction.sheet.units)), f"{told.construction.claim.error:.2g}"))
    return _table(("numbers", "units", "claimed error"), rows)


def _witness() -> str:
    task = make_task("recall", {"steps": 10, "tolerance": TOLERANCE})
    infinite = (float("-inf"), float("inf"))
    asked = {"units": 32, "steps": 10, "tolerance": TOLERANCE, "dtype": "float32", "semantics": "ieee"}
    found = why_impossible(task, infinite, "lstm", **asked)
    assert found is not None
    assert found.witness is not None
    w = found.witness
    read = ", ".join(f"{x:g}" for x in w["inputs"])
    return f"read {read}: it answers {w['output']:.4g}, expected {w['expected']:g}"


def _picture() -> str:
    blocks = (constructions.get("recall").__doc__ or "").split("\n\n")
    return textwrap.dedent(next(block for block in blocks if "write gate" in block and block.startswith("    ")))


def _theorem(theorem: theorems.Theorem) -> str:
    rests = f"\n>\n> *Rests on {theorem.rests_on}.*" if theorem.rests_on else ""
    return (
        f"> **{theorem.name.capitalize()}.** {_plain(theorem.statement)}\n>\n> *Proof.* {_plain(theorem.proof)}{rests}"
    )


def _printed() -> str:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as told:
        exec(OWN, {})
    return told.getvalue().rstrip()


def _plain(text: str) -> str:
    return "".join(f"\\{c}" if c in "*_<>|" else c for c in text)


def _code(text: str) -> str:
    return f"```text\n{text}\n```"


def _columns(lines: tuple[tuple[str, ...], ...]) -> str:
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


TEXT = """\
# What can 32 units remember?

Read real numbers x₁ … xₙ one at a time; after xₙ give x₁. One layer, one input, 32 units, a linear read-out. An LSTM
remembers one-hot symbols; can it, or a GRU, or a plain tanh network, remember a *real number* while others pass through
the same weights? The question has been asked in public since 2019. Every number on this page was found by the program
when the page was built.

## The short answer

For numbers from a bounded range, a known length and a tolerance: **yes, each of them**, with a few units, and the
weights can be written down. For *all* real numbers: **no**, none of them. Here for numbers in [-1, 1], lengths up to
{steps} and a tolerance of {tolerance:g}:

{answers}

*Claimed* is what the construction says of itself by its inequality. *Proved* was found by `holdfast certify`, which
knows the weights and the task and nothing else: a bound for **every** sequence with numbers in the range, at every
length up to {steps}.

## The latch

{latch}

The state starts at zero. One unit, the flag, is on after the first step and for ever; the other unit's gate is a
threshold on it. That is how x₂, x₃ … are read through the same weights and do no harm: the weights are the same at
every step, the gate is not, because what it reads has changed.

The LSTM's weights, with the gates as they were seen on sequences of the task (`holdfast construct recall --steps
{steps} --tolerance {tolerance:g}`):

{weights}

The forget gate's 16 is no magic number. To hold n steps within e, what it lets go per step may be e/n, so its
pre-activation is about log(n/e): the *horizon law*. The popular bias of 1 holds three steps. Where the error comes
from:

{budget}

A GRU does the same with its update gate, a plain network by drowning: its writer is saturated at every step but the
first, and only what differs from an equally saturated shadow is remembered. Each construction is one file with its
argument; `holdfast construct` prints its weights.

## All real numbers: impossible

{impossible}

`holdfast construct recall --range -inf inf` says so, and gives a sequence on which the best network on offer fails:
{witness}. Reading the cell state c instead of h does not help, since |c| grows by at most 1 per step.

## What IEEE arithmetic changes

{continuum}

So in exact arithmetic a forget gate destroys every real number in the end. In IEEE arithmetic it does not: sigmoid(z)
*is* 1.0 from z = {open32} on in float32 and from {open64} in float64, and 0.0 far enough on the other side. Then
c·1 + g·0 is c, bit for bit; with a power of two for the scale, and values so small that tanh z rounds to z, the number
itself comes out.
`holdfast construct recall --steps any`, and its certificate for *every* length:

{forever}

PyTorch computes the GRU as n + z·(h - n), which rounds at each step even where z is 1: its two-unit latch drifts there.
`--form pytorch` builds one of four units whose candidate is exactly 0 while it holds; that is exact in both forms, from
the second step on. The cell of 1997, which has no forget gate, holds a number for ever in exact arithmetic too
(`--cell lstm1997 --steps any --semantics real`), and so does a ReLU network with identity recurrence.

## Several numbers at once

A shift register whose gates open together copies n numbers:

{copies}

{too_many}

An LSTM has two state variables per unit, so this leaves open what it can do between the 30 numbers built here and 64.

## Your own program

What a network is to remember is written as registers and conditions, compiled to weights of a cell, and judged by the
checker, which has seen neither the program nor the compiler:

```python
{own}```

prints

```text
{printed}
```

A condition that no threshold on the flags and marks follows (exclusive or, say), a copy that the cell cannot make, too
few units, a tolerance below what the number format allows: all reasons are told at once.

## What is open

Whether a ReLU network recalls all real numbers at one fixed length n > 16; what an LSTM does between 30 and 64
numbers; how a plain network would write the binary digits of a number. The statement on finitely many values rests on a
theorem that is quoted here, not proved. What gradient descent *finds* is another question: see
[training](../training.md).
"""
