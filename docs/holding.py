"""The page *What can a state hold?*: a table of cells and tasks. Every entry is found when the documentation is built:
by a construction and its certificate, by a theorem, or in the kept runs of studies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from pages import escaped, table

from holdfast import cells, tasks
from holdfast.certification.prove import prove
from holdfast.comparison.results.summary import Summary
from holdfast.comparison.store import stored_run
from holdfast.construction import associative, backends, turning
from holdfast.construction.evaluation.construction import ConstructionReport, construct
from holdfast.construction.theorem import Theorem
from holdfast.construction.theorems import impossible
from holdfast.core.errors import BadValue, UnknownName
from holdfast.core.task import Task
from holdfast.core.text import argument
from holdfast.studies.kept import FOLDER

UNITS = 8
"""Units and key components of one head, for which a number of pairs is excluded or held."""
LARGEST = 16
"""Answers of a task up to which a construction is tried here."""
SECONDS = 5
"""Time for the search of one proof."""
COLUMNS: dict[str, tuple[str, dict[str, object]]] = {
    "parity": ("parity", {}),
    "modulo 3": ("group", {"group": "Z", "modulus": 3}),
    "S3": ("group", {"group": "S3", "symbols": "generators"}),
    "A5": ("group", {"group": "A5", "symbols": "generators"}),
    "flip-flop": ("flip_flop", {}),
    f"{UNITS // 2} pairs": ("mqar", {"symbols": 2 * UNITS, "pairs": UNITS // 2}),
    f"{2 * UNITS} pairs": ("mqar", {"symbols": 4 * UNITS, "pairs": 2 * UNITS}),
}
"""The tasks by the head of their column."""


def page() -> str:
    """The whole page as Markdown."""
    made = {head: tasks.get(name)(**axes) for head, (name, axes) in COLUMNS.items()}
    named = list(dict.fromkeys((*cells.FOLDER.names(), *(name for name in CONSTRUCTED if "(" in name))))
    found = {(cell, head): _entry(cell, task) for cell in named for head, task in made.items()}
    rows = [(_cell(cell), *(found[cell, head][0] for head in made)) for cell in named]
    shown = [row for row in rows if any(text != OPEN for text in row[1:])]
    theorems = {t.name: t for _, t in found.values() if t is not None}
    asked = [(head, f"`{_words(name, axes)}`") for head, (name, axes) in COLUMNS.items()]
    return TEXT.format(
        units=UNITS,
        tasks=table(("column", "task"), asked),
        table=table(("cell", *made), shown),
        theorems="\n\n".join(map(_theorem, theorems.values())),
        others=", ".join(f"`{row[0]}`" if "[" not in row[0] else row[0] for row in rows if row not in shown) or "none",
    )


OPEN = "open"
CONSTRUCTED = (*backends.FOLDER.names(), *turning.LAYOUTS, *associative.LAYOUTS)
"""Cells with constructions."""


def _entry(cell: str, task: Task) -> tuple[str, Theorem | None]:
    """The text of an entry, and the theorem that it rests on."""
    learned = _learned(cell, task)
    exact = "real" if task.name == "mqar" else "ieee"
    theorem = impossible(task, (-1.0, 1.0), cell, _units(task), None, exact)
    if theorem is not None:
        return "; ".join([f"[impossible](#{_anchor(theorem)})", *learned]), theorem
    return "; ".join([*_constructed(cell, task), *learned]) or OPEN, None


def _units(task: Task) -> int | None:
    """The units that are stated; None for any number of them."""
    return UNITS if task.name == "mqar" else None


def _constructed(cell: str, task: Task) -> list[str]:
    """The construction at every length, or at the task's own where there is none, with what is proved of it."""
    if cell not in CONSTRUCTED or task.outputs > LARGEST:
        return []
    for steps in (None, task.longest):
        try:
            told = construct(task, cell, units=_units(task), steps=steps, tolerance=float("inf"))
        except (BadValue, UnknownName):
            continue
        how = "possible" if _is_proved(cell, told, task) else "constructed"
        where = "" if steps is None else f", up to {steps} steps"
        return [f"[{how}](#possible){where}: {_counted(len(told.construction.sheet.units))}"]
    return []


def _counted(units: int) -> str:
    return f"{units} unit" + "s" * (units != 1)


def _is_proved(cell: str, told: ConstructionReport, task: Task) -> bool:
    """Whether the claim is proved while the page is built. It is not tried where that takes minutes: of cells whose
    errors grow with the length, and of pairs."""
    if cell in turning.LAYOUTS or cell in associative.LAYOUTS:
        return False
    claim, network = told.construction.claim, told.construction.network
    return prove(network, task, lengths=claim.lengths, semantics="ieee", seconds=SECONDS).verdict == "proved"


def _learned(cell: str, task: Task) -> list[str]:
    """How many networks of the kept runs learned this task, at the best learning rate, with links."""
    found = list[str]()
    for study, line in _kept():
        place = dict(line.place)
        if (place.get("task"), place.get("cell")) == (task.name, cell) and task.name in TRAINED:
            solved, of = line.crossed.solved, line.crossed.of
            found.append(f"[learned: {solved} of {of}](studies/{study}.md)")
    return found


TRAINED = ("parity", "flip_flop")
"""Tasks of one size, so that the name in a kept run says which."""


@lru_cache(maxsize=1)
def _kept() -> tuple[tuple[str, Summary], ...]:
    runs = {file.stem: stored_run.read(file) for file in sorted(FOLDER.glob("*.json"))}
    return tuple((name, line) for name, run in runs.items() for line in run.summary)


def _cell(name: str) -> str:
    return f"[`{name}`](cells/{name}.md)" if name in cells.FOLDER.names() else f"[`{name}`](../blocks.md)"


def _words(name: str, axes: Mapping[str, object]) -> str:
    return " ".join([name, *(f"--{axis} {argument(str(value))}" for axis, value in axes.items())])


def _anchor(theorem: Theorem) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" if c == " " else "" for c in theorem.name.lower())


def _theorem(theorem: Theorem) -> str:
    proof = f"\n\n*Proof.* {escaped(theorem.proof)}" if theorem.proof else ""
    rests = f"\n\n*Quoted without proof:* {escaped(theorem.rests_on)}." if theorem.rests_on else ""
    source = f"\n\n*Source.* {escaped(theorem.source)}" if theorem.source else ""
    return f"### {theorem.name.capitalize()}\n\n{escaped(theorem.statement)}{proof}{rests}{source}"


TEXT = """\
# What can a state hold?

Every entry of this table is found when the page is built, for one layer:

- *possible*: weights that `holdfast construct` writes down, with a certificate for every length (or up to the length
  that is named) in float32 as it runs. A larger number of units can do it, too.
- *constructed*: such weights, with a bound on their error that is argued, but not proved while the page is built.
  `holdfast certify` proves it of smaller tasks or shorter rows.
- *impossible*: a theorem excludes it at every length, with any weights. For pairs: with {units} units and one head.
- *learned: k of n*: so many networks of a kept run solved it at the length at which they were trained, at the better
  learning rate. That says nothing about longer rows.
- *open*: none of these.

{table}

Nothing is known here about {others}.

The tasks, as `holdfast construct` and `holdfast train` take them:

{tasks}

## Possible

`holdfast construct TASK --cell CELL --steps any --out net.safetensors`, with a task of the list above, prints the
weights and their claim; `holdfast certify net.safetensors` proves it, and `holdfast check` verifies the certificate.
How it is done is told in [Weights](../weights.md#construct), and what a certificate relies on in
[What a certificate guarantees](guarantees.md).

## Impossible

{theorems}

## Learned

The [studies](../studies.md) list all figures, settings and deviations from published ones.
"""
