"""``holdfast.construct``: weights that solve a task, without training, with a bound on their error."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from holdfast.core.errors import BadValue
from holdfast.core.files import check_writable
from holdfast.core.values import ANY
from holdfast.verbs import _arguments as arguments
from holdfast.verbs._arguments import PathLike

if TYPE_CHECKING:
    from holdfast.cells import Definition
    from holdfast.construction.evaluation.construction import ConstructionReport
    from holdfast.construction.evaluation.impossibility import Impossibility
    from holdfast.core.claim import Semantics
    from holdfast.core.task import Task
    from holdfast.engine.network import Network
    from holdfast.tasks import Dataset


def construct(
    task: Task | type[Task] | Dataset | str,
    *,
    cell: str | Definition = "lstm",
    units: int | None = None,
    dtype: str = "float32",
    semantics: Semantics = "ieee",
    form: str = "",
    network: PathLike | Network | None = None,
    out: PathLike | None = None,
    **axes: Any,
) -> ConstructionReport | Impossibility:
    """Construct a network of ``cell`` that solves a task, or give the theorem that excludes one.

    ``task`` is a name or a ``Task``; other keywords are axes of the task, of which the length axis may be "any".
    ``units`` None means as many as are needed. ``out`` is a file to write the network to; it is in ``.network``
    of the report too. ``dtype="float64"`` switches JAX to double precision. Where a theorem excludes the request,
    ``network`` may be a network of this cell: the answer then has an input on which it fails.
    Raises ``BadValue`` with every reason why the construction does not fit.

    >>> import holdfast
    >>> made = holdfast.construct("recall", cell="gru", steps=100)
    >>> made.network.cell_name, made.as_json()["claim"]["steps"]
    ('gru', 100)
    """
    import jax

    from holdfast import cells, tasks
    from holdfast.construction.evaluation import construction, impossibility
    from holdfast.verbs._network import given_network
    from holdfast.verbs._request import choose_task, made_task

    cell = cells.named(cell)
    units = None if units is None else arguments.whole("units", units)
    dtype = arguments.one_of("dtype", dtype, ("float32", "float64"))
    semantics = arguments.one_of("semantics", semantics, ("real", "ieee"))
    form = form and arguments.one_of("form", form, ("pytorch",))
    if dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    if out:
        check_writable(out)
    choice = choose_task(task, {}, "")
    tasks.refuse_dataset(
        choice.kind,
        "a dataset has no construction: weights follow from a program for a task, but a dataset has only sequences.",
        "Train a network on it: holdfast.train(dataset).",
    )
    axis = choice.kind.length_axis
    own = ("cell", "units", "dtype", "semantics", "form", "network", "out")
    (given,) = arguments.divided("construct", axes, arguments.axes_of(choice.kind), own=own, any_length=axis)
    given = choice.axes | given
    forever = given.get(axis) == ANY
    if forever:
        # The task needs some length: its default, or the position if that is later.
        given[axis] = max(getattr(choice.kind, axis), given.get("position", 0))
    range_ = tuple(given.get("range", getattr(choice.kind, "range", (-1.0, 1.0))))
    if not all(math.isfinite(end) for end in range_):
        given.pop("range", None)
    _check_range(range_)
    made = made_task(choice.kind, given)
    asked = {
        "units": units,
        "steps": None if forever else made.longest,
        "tolerance": getattr(made, "tolerance", math.inf),
        "dtype": dtype,
        "semantics": semantics,
    }
    given_one = None if network is None else given_network(network).network("construct", inputs=made.inputs)
    refused = impossibility.why_impossible(made, range_, cell, **asked, network=given_one)
    if refused is not None:
        return refused
    report = construction.construct(made, cell, **asked, form=form)
    if not out:
        return report
    from holdfast.engine.files import save

    save(report.network, out, report.origin())
    return replace(report, file=str(out))


def _check_range(range_: tuple[float, float]) -> None:
    low, high = range_
    if not low < high:
        raise BadValue(f"--range {low:g} {high:g} is empty, expected the smaller number first.")
