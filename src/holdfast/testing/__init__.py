"""Checks of your own cells, tasks and models, for pytest and notebooks: the laws that holdfast's own have to keep."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import jax

from holdfast import cells, tasks
from holdfast.cells import Definition
from holdfast.core.errors import BadValue
from holdfast.core.task import Task
from holdfast.core.values import got
from holdfast.engine.network import Network
from holdfast.exchange.adapters import as_model
from holdfast.models.answers import Answers
from holdfast.models.levels import described
from holdfast.models.steps import Steps
from holdfast.plugins import cells as cell_laws
from holdfast.plugins import model_laws
from holdfast.plugins import tasks as task_laws
from holdfast.plugins.laws import LawResult
from holdfast.plugins.random_networks import random_network
from holdfast.plugins.rows import MANY


def check_cell(cell: str | Definition) -> list[LawResult]:
    """Check a cell in float64, by every law of ``holdfast check-plugin`` and of ``check_model``.

    Names and shapes, the equation, gradients against finite differences, rows alone and in a batch, pieces and single
    steps against the whole sequence, padding, a second reading, bounds against samples. ``cell`` is a name, or a class
    or module, which is registered. Returns the results; raises ``AssertionError`` with every law that does not hold.
    """
    name = cells.named(cell)
    file = str(cells.FOLDER.files().get(name, name))
    found = cell_laws.check(name, file)
    if not any(one.fails and one.check in cell_laws.GROUNDS for one in found):
        with jax.enable_x64(True):
            found += model_laws.check(random_network(name), file)
    return _asserted(f"the cell '{name}'", found)


def check_task(task: type[Task] | Task | str, *, rows: int = MANY, seed: int = 0) -> list[LawResult]:
    """Check a task by every law of ``holdfast check-plugin``, on ``rows`` random rows of each split.

    Shapes, targets against the oracle, no look-ahead, separate splits, the chance level, the memory demand, and the
    scenario against rows. ``task`` is a name or a class, with its default axes and every choice of an axis, or a
    ``Task`` object with its own axes. Returns the results; raises ``AssertionError`` with every law that does not hold.
    """
    if isinstance(task, Task):
        return _asserted(task.name, task_laws.laws_of(task, _file(type(task)), tuple(task_laws.LAWS), rows, seed))
    kind = tasks.get(task) if isinstance(task, str) else task
    if not (isinstance(kind, type) and issubclass(kind, Task)):
        raise BadValue(f"check_task was given {got(task)}, expected a task, or a class derived from Task.")
    name = tasks.named(kind)
    return _asserted(f"the task '{name}'", task_laws.check(kind, _file(kind), seed, rows))


def check_model(model: Any, *, inputs: int | None = None) -> list[LawResult]:
    """Check a model: single steps = the whole sequence = pieces, a batch = its rows alone, padding changes nothing, and
    a second reading gives the same outputs.

    ``model`` is a ``Network`` or what ``as_model`` takes, with so many ``inputs``. Laws that its level does not allow
    are not checked. Returns the results; raises ``AssertionError`` with every law that does not hold.
    """
    own = model.inputs if isinstance(model, Network | Steps | Answers) else None
    wanted = own if inputs is None else inputs
    if wanted is None:
        raise BadValue(f"check_model was given {got(model)}.", "Say how many inputs it reads per step: inputs=1.")
    taken = as_model(model, inputs=wanted)
    return _asserted(described(taken), model_laws.check(taken))


def _file(kind: type[Task]) -> str:
    try:
        return inspect.getfile(kind)
    except (TypeError, OSError):
        return kind.__module__


def _asserted(what: str, found: Sequence[LawResult]) -> list[LawResult]:
    wrong = [f"{one.check}: {one.found}" for one in found if one.fails]
    if wrong:
        raise AssertionError(f"{what}: " + "; ".join(wrong))
    return list(found)
