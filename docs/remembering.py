"""The page "What can 32 units remember?": its text, and figures that are computed when the documentation is built."""

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

The task is to read real numbers x₁ … xₙ one at a time, and to output x₁ after xₙ, with one layer, one input, 32 units
and a linear read-out. An LSTM can remember one-hot symbols. Can it, or a GRU, or a plain tanh network, also remember a
*real number* while the same weights process other numbers? This question has been asked in public since 2019. All
figures on this page are computed when the page is built.

## The short answer

For numbers from a bounded range, a known length and a tolerance: **yes, all of these cells can**, with a few units, and
the weights can be written down. For *all* real numbers: **no, none of them can**. For numbers in [-1, 1], lengths up to
{steps} and a tolerance of {tolerance:g}:

{answers}

*Claimed* is the error bound of the construction. *Proved* is the bound that `holdfast certify` found from the weights
and the task alone. It holds for **every** sequence with numbers in the range, at every length up to {steps}.

## The latch

{latch}

The state starts at 0. One unit, the flag, is on at every step after the first. The input gate of the other unit is a
threshold on the flag. The weights are the same at every step, but the gate is not, because the flag has changed: x₂, x₃
… do not overwrite the stored number.

The weights of the LSTM, with the values of its gates on sequences of the task (`holdfast construct recall --steps
{steps} --tolerance {tolerance:g}`):

{weights}

The pre-activation of the forget gate, 16, follows from the tolerance. To hold a value for n steps within an error e,
the gate may lose e/n per step, so its pre-activation must be about log(n/e). The common bias of 1 suffices for three
steps. The error has these parts:

{budget}

A GRU does the same with its update gate. A plain tanh network has two writer units that are saturated at every step but
the first; it remembers the difference between them. Each construction is one file with an argument for its correctness;
`holdfast construct` prints its weights.

## All real numbers: impossible

{impossible}

`holdfast construct recall --range -inf inf` reports this, and gives a sequence on which the best available network
fails: {witness}. Reading the cell state c instead of h does not help, since |c| increases by at most 1 per step.

## What IEEE arithmetic changes

{continuum}

In exact arithmetic, a forget gate therefore loses every real number eventually. In IEEE arithmetic it does not:
sigmoid(z) *is* 1.0 above z = {open32} in float32 and above {open64} in float64, and 0.0 far enough below 0. Then c·1 +
g·0 is exactly c. If the scale is a power of two, and values are so small that tanh z rounds to z, the number is
recalled exactly. `holdfast construct recall --steps any`, with a certificate for *every* length, gives:

{forever}

PyTorch computes the GRU as n + z·(h - n), which rounds at each step even if z is 1, so the latch of two units drifts
there. `--form pytorch` builds a latch of four units whose candidate is exactly 0 while it holds; it is exact in both
forms, from the second step on. The LSTM of 1997, which has no forget gate, holds a number for unlimited length in exact
arithmetic too (`--cell lstm1997 --steps any --semantics real`), and so does a ReLU network with identity recurrence.

## Several numbers at once

A shift register whose gates open together copies n numbers:

{copies}

{too_many}

An LSTM has two state variables per unit, so the theorem does not exclude copies of up to 64 numbers. The constructions
here copy up to 30 numbers.

## Your own program

A program states with registers and conditions what a network is to remember. It is compiled to weights of a cell, and
verified by the checker, which uses neither the program nor the compiler:

```python
{own}```

prints

```text
{printed}
```

A program can be impossible to compile: a condition that is not a threshold on flags and marks (such as exclusive or), a
copy that the cell cannot make, too few units, a tolerance below what the number format allows. All reasons are reported
together.

## Open questions

It is open whether a ReLU network can recall all real numbers at one fixed length n > 16, whether an LSTM can copy
between 30 and 64 numbers, and whether a plain tanh network can store the binary digits of a number. The theorem about
finitely many values relies on a result from the literature that is not proved here. For the weights that gradient
descent *finds*, see [training](../training.md).
"""
