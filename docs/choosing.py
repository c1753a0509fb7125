"""The figures of the guide *Which cell for my lag?*, read from the kept runs of the studies."""

from __future__ import annotations

import io
from collections.abc import Iterable

from pages import escaped, table

from holdfast import cells
from holdfast.comparison.results.summary import Summary
from holdfast.comparison.store import stored_run
from holdfast.core.results import Line, LinePlot
from holdfast.report import figures
from holdfast.studies import describe
from holdfast.studies.kept import FOLDER

FIRST_WEIGHTS = {
    "pytorch": "PyTorch's",
    "pytorch+forget=1": "bias of the keep gate 1",
    "pytorch+chrono": "chrono",
    "keras": "Keras's",
    "keras+identity": "identity recurrence",
    "auto": "auto",
}


def files() -> dict[str, str]:
    """Every included part of the page, and its plot, by file name."""
    lag, gates, smallest = (stored_run.read(FOLDER / f"{name}.json") for name in ("lag", "why_gates", "smallest"))
    return {
        "settings.inc": _settings(lag),
        "answer.inc": _answer(lag.summary),
        "lag.inc": _by_lag(lag.summary),
        "lag.svg": _plot(lag.summary),
        "alternatives.inc": _by_lag([line for line in gates.summary if line["weights"] == "shared"]),
        "sizes.inc": _sizes(smallest),
        "cost.inc": _cost([line["cell"] for line in (*lag.summary, *gates.summary)]),
    }


def surely(line: Summary) -> bool:
    """Whether at least half of such networks succeed, by the corrected interval."""
    return line.interval[0] >= 0.5


def _settings(run: stored_run.StoredRun) -> str:
    base, lags = run.grids[0].base, _lags(run.summary)
    return (
        f"The task of the first two tables is [`echo`](_generated/tasks/echo.md): repeat the first of two symbols "
        f"after {', '.join(map(str, lags[:-1]))} or {lags[-1]} steps of distractors. The networks of the first one "
        f"have {base.units} units and {base.budget:,} training sequences; {base.seeds} networks were trained for every "
        "entry.\n"
    )


def _answer(lines: Iterable[Summary]) -> str:
    told = []
    for lag in _lags(lines):
        fit = [_name(line) for line in lines if line["lag_steps"] == lag and surely(line)]
        rest = [_name(line) for line in lines if line["lag_steps"] == lag and not surely(line)]
        said = "all of them" if not rest else f"all but {_listed(rest)}" if len(rest) < len(fit) else _listed(fit)
        told.append(f"- **{lag} steps**: {said or 'none of them'}.")
    return "These cells, with these first weights, surely learn a lag of\n\n" + "\n".join(told) + "\n"


def _by_lag(lines: Iterable[Summary]) -> str:
    lags, rows = _lags(lines), []
    for (cell, weights), some in _grouped(lines).items():
        at = {line["lag_steps"]: line for line in some}
        reached = [lag for lag in lags if lag in at and surely(at[lag])]
        rows.append(
            (
                f"[`{cell}`](_generated/cells/{cell}.md)",
                FIRST_WEIGHTS[weights],
                *(_share(at.get(lag)) for lag in lags),
                str(max(reached, default="none of these")),
            )
        )
    heads = ("cell", "first weights", *(f"share solved, lag {lag}" for lag in lags), "longest lag surely learned")
    return table(heads, rows) + "\n"


def _plot(lines: Iterable[Summary]) -> str:
    """The shares over the lag: one plot for the frameworks' first weights, one for those made for long lags."""
    made = ("pytorch+chrono", "keras+identity")
    parts = [
        LinePlot(
            tuple(
                _line(f"{cell}, {FIRST_WEIGHTS[how]}", some)
                for (cell, how), some in _grouped(lines).items()
                if (how in made) == long
            ),
            "lag (steps)",
            "share solved",
            title,
            x_log=True,
        )
        for title, long in (("First weights of the frameworks", False), ("First weights for long lags", True))
    ]
    drawn = io.StringIO()
    figures.together(parts).savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()


def _line(name: str, some: Iterable[Summary]) -> Line:
    points = sorted(some, key=lambda line: line["lag_steps"])
    return Line(name, tuple(float(p["lag_steps"]) for p in points), tuple(p.solved / p.of for p in points))


def _sizes(run: stored_run.StoredRun) -> str:
    constructed = {verdict.claim.split(": ")[1]: verdict.figures["constructed, units"] for verdict in run.verdicts}
    rows = []
    for task in dict.fromkeys(line["task"] for line in run.summary):
        of_task = [line for line in run.summary if line["task"] == task]
        row = [f"[`{task}`](_generated/tasks/{task}.md), lag {of_task[0]['lag_steps']}"]
        for cell in dict.fromkeys(line["cell"] for line in of_task):
            trained = [line["units"] for line in of_task if line["cell"] == cell and surely(line)]
            row += [str(constructed[f"{task}, {cell}"]), str(min(trained, default="none tried"))]
        rows.append(tuple(row))
    named = dict.fromkeys(line["cell"] for line in run.summary)
    return table(("task", *(f"{cell}, {how}" for cell in named for how in ("constructed", "trained"))), rows) + "\n"


def _cost(named: Iterable[str]) -> str:
    rows = [
        (f"[`{name}`](_generated/cells/{name}.md)", f"{cells.get(name).parameters(1, 16):,}", escaped(engine))
        for name in dict.fromkeys(named)
        for engine in [str(describe.cell(name).as_json()["engine"])]
    ]
    return table(("cell", "weights of 16 units with one input", "computed by"), rows) + "\n"


def _grouped(lines: Iterable[Summary]) -> dict[tuple[str, str], list[Summary]]:
    """The lines of every cell and its first weights; the same cell stands together."""
    groups: dict[tuple[str, str], list[Summary]] = {}
    for line in lines:
        groups.setdefault((line["cell"], line["initialisation"]), []).append(line)
    order = list(dict.fromkeys(cell for cell, _ in groups))
    return dict(sorted(groups.items(), key=lambda item: order.index(item[0][0])))


def _lags(lines: Iterable[Summary]) -> list[int]:
    return sorted({line["lag_steps"] for line in lines})


def _name(line: Summary) -> str:
    return f"`{line['cell']}` ({FIRST_WEIGHTS[line['initialisation']]})"


def _listed(names: list[str]) -> str:
    return ", ".join(names)


def _share(line: Summary | None) -> str:
    return "" if line is None else f"{100 * line.solved / line.of:.0f} %"
