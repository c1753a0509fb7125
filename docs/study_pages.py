"""The pages of the built-in studies, each generated from the run that is kept as data in the package."""

from __future__ import annotations

from pages import escaped, table

from holdfast.comparison.results.results import tables
from holdfast.comparison.results.verdicts import Verdict
from holdfast.comparison.store import stored_run
from holdfast.core import values
from holdfast.core.results import Table
from holdfast.studies import questions
from holdfast.studies.kept import FOLDER

WORDS = {"holds": "holds", "does not hold": "does not hold", "undecided": "**undecided**"}


def names() -> list[str]:
    """The studies with a page: all in the registry."""
    return questions.FOLDER.names()


def page(name: str) -> str:
    """The question, the verdicts, the undecided claims, all figures, and the commands to repeat the study."""
    document = (questions.FOLDER.load(name).__doc__ or "").strip()
    question, *rest = document.split("\n\n")
    lines = [f"# {name}", "", escaped(question), "", *(f"{escaped(block)}\n" for block in rest)]
    file = FOLDER / f"{name}.json"
    if not file.exists():
        return "\n".join([*lines, "No run of this study is kept yet.", "", *_again(name)])
    run = stored_run.read(file)
    return "\n".join([*lines, *_verdicts(run.verdicts), *_figures(run.verdicts), *_run(run), *_again(name)])


def _verdicts(verdicts: tuple[Verdict, ...]) -> list[str]:
    counts = stored_run.counts(verdicts)
    open_ = [v.claim for v in verdicts if v.verdict == "undecided"]
    said = ", ".join(f"{count} {word}" for word, count in counts.items())
    undecided = "These data do not decide: " + "; ".join(open_) + "." if open_ else "These data decide all claims."
    rows = [(escaped(v.claim), WORDS[v.verdict], escaped(v.why)) for v in verdicts]
    return [
        "## Verdicts",
        "",
        table(("claim", "verdict", "why"), rows),
        "",
        f"Of {len(verdicts)} claims: {said}. {escaped(undecided)}",
        "",
    ]


def _figures(verdicts: tuple[Verdict, ...]) -> list[str]:
    made = ["## Measured", ""]
    for verdict in verdicts:
        rows = [
            (escaped(name), escaped("-" if value is None else str(value))) for name, value in verdict.figures.items()
        ]
        made += [f"**{escaped(verdict.claim)}**: {verdict.verdict}.", ""]
        made += [table(("figure", "value"), rows), ""] if rows else []
    return made


def _run(run: stored_run.StoredRun) -> list[str]:
    machine = run.machine
    seconds = machine["wall_seconds"]
    took = "in several parts" if seconds is None else f"in {seconds:,} s"
    shown = ("cell", "units", "learning_rate", "seeds", "seed", "batch", "budget", "clip")
    settings = [
        (escaped(grid.base.task.name), *(escaped(", ".join(map(values.text, grid.values(name)))) for name in shown))
        for grid in run.grids
    ]
    made = [
        "## The run",
        "",
        f"{run.done:,} networks, trained {took} on {machine['cores']} cores "
        f"({escaped(str(machine['processor']))}, {machine['workers']} workers, {run.core_seconds:,.0f} s of cores in "
        f"training) by holdfast {machine['holdfast']}.",
        "",
        table(("task", *(name.replace("_", " ") for name in shown)), list(dict.fromkeys(settings))),
        "",
    ]
    for drawn in tables(run.summary):
        made += [f"### {escaped(drawn.title)}", "", _table(drawn), ""]
    return made


def _table(drawn: Table) -> str:
    return table(tuple(escaped(head) for head in drawn.heads), [tuple(escaped(c) for c in row) for row in drawn.rows])


def _again(name: str) -> list[str]:
    return [
        "## Reproduce",
        "",
        "The study, and the run on this page:",
        "",
        "```console",
        f"$ holdfast compare --study {name}",
        f"$ python benchmarks/studies.py --only {name}",
        "```",
        "",
    ]
