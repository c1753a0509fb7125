"""What is trained, how, and until when: one frozen record, checked once, stored with every run.

Each field says itself what it means, within which limits, and what older files mean that lack it. Flags, run folders,
grids and the keys of a store follow from that: a new setting is one new line here, and the code that heeds it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from holdfast.cells._former import settings_of
from holdfast.core import values
from holdfast.core.errors import BadFile, BadValue, Problem, refuse
from holdfast.core.fields import REQUIRED, described, given, mistakes, plain, setting, take
from holdfast.engine import engines
from holdfast.engine.native.environment import FORMER
from holdfast.engine.resolve import NONE, full_name, resolve, taken_apart
from holdfast.train.optimisers import OPTIMISERS, Optimiser
from holdfast.train.rules import RULES, UpdateRule
from holdfast.train.stops import STOPS, StoppingRule

if TYPE_CHECKING:
    from holdfast.core.cell import Cell
    from holdfast.core.task import Task
    from holdfast.engine.initialise import Initialisation


@dataclass(frozen=True)
class Settings:
    """Everything that decides a result. ``budget`` and ``check_every`` count sequences; ``seeds`` networks are
    trained, each from its own streams of random numbers under the root ``seed``.

    ``update``, ``optimiser`` and ``stop`` name a file of ``rules/``, ``optimisers/`` and ``stops/``, with its options
    (``sgd+momentum=0.5``), or are such a component themselves. ``engine`` is that of ``unroll``; a run keeps the one
    that it began with. Raises ``BadValue`` with every reason at once, ``UnknownName`` for a name that does not exist.
    """

    task: Task
    cell: str = setting("lstm", "the recurrent cell, as 'holdfast list cells' names it, or several: stack(lstm,gru)")
    units: int = setting(32, "hidden units per layer", least=1, most=10**6)
    layers: int = setting(1, "layers of cells, one above the other", least=1, most=1000)
    heads: int = setting(1, "heads of each layer, among which its units are divided", least=1, most=10**6, before=1)
    block: str = setting(NONE, "block around every cell, as 'holdfast list blocks' names it, or none", before=NONE)
    embedding: str = setting(
        "none",
        "linear: inputs are embedded below the first layer, as blocks that add them to units need it; they always are",
        choices=("none", "linear"),
        before="none",
    )
    readout_hidden: str = setting(
        "none", "units of each hidden layer of the read-out, as in 32 or 32,16, or none", before="none"
    )
    initialisation: str = setting(
        "auto",
        "initial weights: keras or pytorch, then +orthogonal, +identity, +forget=X or +chrono[=STEPS]",
        compiled=False,
    )
    weights: str = setting(
        "shared", "one set for all steps, or per_step, one for each", choices=("shared", "per_step"), before="shared"
    )
    update: str | UpdateRule = setting("batch", "update rule, which says when weights change", components=RULES)
    batch: int | None = setting(None, "sequences per update", unset="32; given sequences: all", least=1, most=10**6)
    order: str = setting("fixed", "order of given sequences", choices=("fixed", "shuffled"))
    truncate: int | None = setting(
        None, "cut the gradient between windows of N steps", unset="never", least=1, most=10**12
    )
    gradient: str = setting(
        "full",
        "what is called the gradient: full, or truncated_1997, the learning rule of the first LSTM",
        choices=("full", "truncated_1997"),
        before="full",
    )
    optimiser: str | Optimiser = setting(
        "adam", "optimiser, with its options as in sgd+momentum=0.5", components=OPTIMISERS, before="adam"
    )
    learning_rate: float = setting(1e-2, "learning rate of the optimiser", positive=True, compiled=False)
    clip: float | None = setting(1.0, "largest norm of the gradient, or none", positive=True)
    budget: int = setting(100_000, "sequences per network at most", least=1, most=10**12, compiled=False)
    check_every: int | None = setting(
        None, "sequences between checks", unset="budget/100, at least 1000", least=1, most=10**12, compiled=False
    )
    seeds: int = setting(10, "how many networks", least=1, most=10**6, compiled=False)
    seed: int = setting(0, "the root of all randomness", least=0, most=2**32 - 1)
    stop: str | StoppingRule = setting(
        "success",
        "stopping rule, which says when training ends early",
        components=STOPS,
        formerly={True: "success", False: "budget"},
    )
    engine: str = setting(
        "auto", "what computes the networks; see 'holdfast doctor'", choices=engines.names(), formerly=FORMER
    )

    def __post_init__(self) -> None:
        from holdfast.core.task import Task

        if not isinstance(self.task, Task):
            raise BadValue(
                f"the task of these settings is {values.got(self.task)}, expected a task.",
                "Make one: make_task('recall', {'steps': 30}).",
            )
        where = "these settings cannot be trained"
        refuse(take(self), where)
        block, inside = taken_apart(self.cell)
        if len(inside) == 1:  # the same training under one name
            raise BadValue(
                f"--cell is {self.cell}, and the block around a cell is a setting of its own.",
                f"Try --cell '{inside[0]}' --block {block}.",
            )
        cell = self.wrapped_cell
        refuse(self._mistakes(cell), where)
        self._parsed(cell)

    def _mistakes(self, cell: Cell) -> list[str]:
        reasons = mistakes(self) + self.rule.conflicts(self) + cell.mistakes(self.units, self.heads)
        if self.order == "shuffled" and self.task.examples() is None:
            reasons.append(f"--order shuffled needs given sequences, but {self.task.name} draws every one afresh")
        try:
            values.sizes(self.readout_hidden)
        except ValueError as why:
            reasons.append(f"--readout-hidden {why}")
        return reasons

    def _parsed(self, cell: Cell) -> Initialisation:
        from holdfast.engine.initialise import parse

        return parse(self.initialisation, cell, self.task.lag_steps)

    @property
    def how(self) -> Initialisation:
        """The initial weights, as ``initialisation`` says."""
        return self._parsed(self.wrapped_cell)

    @property
    def cell_name(self) -> str:
        """The full name of the cell with its block: ``prenorm(lstm)``, or ``lstm``."""
        return full_name(self.cell, self.block)

    @property
    def wrapped_cell(self) -> Cell:
        """The cell with its block. Raises as ``engine.resolve.resolve`` does."""
        return resolve(self.cell_name)

    @property
    def embedded(self) -> bool:
        """Whether inputs are embedded: asked for, or needed by the block."""
        return self.embedding != "none" or self.wrapped_cell.reads_units

    @property
    def hidden_units(self) -> tuple[int, ...]:
        """The units of each hidden layer of the read-out, as ``readout_hidden`` says."""
        return values.sizes(self.readout_hidden)

    @property
    def parameters(self) -> int:
        """How many numbers all layers and the embedding of a network hold for one step."""
        inputs, units, cell = self.task.inputs, self.units, self.wrapped_cell
        below = (inputs + 1) * units if self.embedded else 0
        first = cell.parameters(units if self.embedded else inputs, units, heads=self.heads)
        return below + first + (self.layers - 1) * cell.parameters(units, units, heads=self.heads)

    @property
    def rule(self) -> UpdateRule:
        """The update rule, as ``update`` says."""
        return RULES.of(self.update)

    @property
    def stopping(self) -> StoppingRule:
        """The stopping rule, as ``stop`` says."""
        return STOPS.of(self.stop)

    @property
    def used_engine(self) -> str:
        """The engine that computes it here. Raises as ``engines.chosen`` does."""
        shared = self.weights == "shared"
        return engines.chosen(self.engine, engines.Request(self.wrapped_cell, self.gradient, shared, self.truncate))

    @property
    def steps(self) -> int | None:
        """How many steps have weights of their own; None where all share one set."""
        return self.task.longest if self.weights == "per_step" else None

    @property
    def rows(self) -> int:
        """Sequences that are read at once, for one update or several."""
        return self.rule.rows(self.task) if self.batch is None else self.batch

    @property
    def batches(self) -> int:
        """How many times ``rows`` sequences are read until the budget is spent."""
        return -(-self.budget // self.rows)

    @property
    def check_batches(self) -> int:
        """After how many of them progress is measured: by default a hundred times, not under 1000 sequences."""
        examples = self.task.examples()
        least = 1000 if examples is None else len(examples.inputs)
        every = self.check_every or max(self.budget // 100, least)
        return max(1, every // self.rows)

    def compiled(self) -> Settings:
        """The same for all settings with the same compiled programs: what those do not depend on is at its default."""
        free = {name: one.default for name, one in described(type(self)).items() if not one.meta.compiled}
        if not self.stopping.counted:
            free["stop"] = described(type(self))["stop"].default
        return replace(self, **free)

    def as_json(self) -> dict[str, Any]:
        return {"task": task_as_json(self.task), **plain(self)}

    def identity(self) -> dict[str, Any]:
        """What tells these settings from all others, in every version alike: without the fields that a later version
        brought and that are as they were before."""
        fields = {
            name: one.as_before(value)
            for (name, value), one in zip(plain(self).items(), described(type(self)).values(), strict=True)
        }
        return {"task": task_as_json(self.task), **{n: v for n, v in fields.items() if v is not REQUIRED}}

    def origin(self, made_by: str, number: int) -> dict[str, Any]:
        """Where the weights of network ``number`` come from, as its file says it."""
        return {"made_by": made_by, "network": number, "settings": self.as_json()}

    @classmethod
    def from_json(cls, document: Any, where: str = "the settings of this run") -> Settings:
        """Settings as a run folder keeps them; ``where`` names the file. Raises ``BadFile`` where they are foreign."""
        try:
            document = settings_of(document)
            if not isinstance(document, dict):
                raise BadFile(f"{where} is {values.got(document)}, expected an object.")
            own = {name: value for name, value in document.items() if name != "task"}
            return cls(task_from_json(document.get("task"), where), **given(cls, own, where))
        except Problem as problem:
            message = problem.message if isinstance(problem, BadFile) else f"{where}: {problem.message}"
            raise BadFile(message, "Name a folder made by 'holdfast train'.") from problem


def task_as_json(task: Task) -> dict[str, Any]:
    """A task as every document has it: its name, then its axes."""
    return {"name": task.name, **plain(task)}


def task_from_json(document: Any, where: str) -> Task:
    """The task in a document. Raises ``BadFile`` where it is none, and as ``make_task`` does."""
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        raise BadFile(f"{where}: its task is {values.got(document)}, expected an object with the name of a task.")
    return make_task(document["name"], {name: value for name, value in document.items() if name != "name"})


def make_task(name: str, axes: dict[str, Any]) -> Task:
    """The task of this name with these axes, lists turned into tuples.

    Raises ``UnknownName`` for a task or an axis that does not exist, ``BadValue`` for axes that make no task, and
    ``BadFile`` for a task of a plug-in that is wrong.

    >>> make_task("recall", {"steps": 3}).lag_steps
    2
    """
    from holdfast import tasks
    from holdfast.core.task import known_axes
    from holdfast.plugins.verified import made

    kind = tasks.get(name)
    return made(kind, known_axes(kind, axes))
