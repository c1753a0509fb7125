"""The settings of a training: one frozen record, checked once and stored with every run.

Each field declares its help text, its limits, and its value in older files that lack it. Flags, run folders, grids and
the keys of a store are derived from these declarations: a new setting is one new line here and the code that uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from holdfast import blocks, cells
from holdfast.cells._former import settings_of
from holdfast.core import values
from holdfast.core.errors import AbsentData, BadFile, BadValue, Problem, refuse
from holdfast.core.fields import REQUIRED, field_infos, given, mistakes, plain, setting, take
from holdfast.engine import engines
from holdfast.engine.native.environment import FORMER
from holdfast.engine.resolve import NONE, full_name, resolve, taken_apart
from holdfast.training.optimisers import OPTIMISERS, Optimiser
from holdfast.training.rules import RULES, UpdateRule
from holdfast.training.stops import STOPS, StoppingRule

if TYPE_CHECKING:
    from holdfast.core.cell import Cell
    from holdfast.core.task import Task
    from holdfast.engine.initialise import Initialisation


@dataclass(frozen=True)
class Settings:
    """Everything that determines a result. ``budget`` and ``check_every`` count sequences. ``seeds`` networks are
    trained, each with its own random streams derived from ``seed``.

    ``update``, ``optimiser`` and ``stop`` name a file of ``rules/``, ``optimisers/`` and ``stops/``, with its options
    (``sgd+momentum=0.5``), or are such a component. ``cell`` and ``block`` may be classes, which are registered.
    ``engine`` is that of ``unroll``; a resumed run keeps its engine.
    Raises ``BadValue`` with every reason at once, ``UnknownName`` for a name that does not exist.
    """

    task: Task
    cell: str = setting("lstm", "recurrent cell, a name from 'holdfast list cells', or several: stack(lstm,gru)")
    units: int = setting(32, "hidden units per layer", least=1, most=10**6)
    layers: int = setting(1, "number of stacked layers", least=1, most=1000)
    heads: int = setting(1, "heads per layer, which share its units equally", least=1, most=10**6, before=1)
    block: str = setting(NONE, "block around every cell, a name from 'holdfast list blocks', or none", before=NONE)
    embedding: str = setting(
        "none",
        "linear: embed the inputs before the first layer; blocks with a residual connection always do",
        choices=("none", "linear"),
        before="none",
    )
    readout_hidden: str = setting(
        "none", "units of each hidden layer of the read-out, as in 32 or 32,16, or none", before="none"
    )
    initialisation: str = setting(
        "auto",
        "initial weights: keras or pytorch, optionally with +orthogonal, +identity, +forget=X or +chrono[=STEPS]",
        compiled=False,
    )
    weights: str = setting(
        "shared",
        "shared: one set of weights for all steps; per_step: one set for each step",
        choices=("shared", "per_step"),
        before="shared",
    )
    update: str | UpdateRule = setting("batch", "update rule: when the weights are updated", components=RULES)
    batch: int | None = setting(None, "sequences per update", unset="32; given sequences: all", least=1, most=10**6)
    order: str = setting("fixed", "order of the given sequences in an epoch", choices=("fixed", "shuffled"))
    truncate: int | None = setting(
        None, "truncate backpropagation through time to windows of N steps", unset="never", least=1, most=10**12
    )
    gradient: str = setting(
        "full",
        "full backpropagation, or truncated_1997, the truncated gradient of the original LSTM",
        choices=("full", "truncated_1997"),
        before="full",
    )
    optimiser: str | Optimiser = setting(
        "adam", "optimiser with its options, for example sgd+momentum=0.5", components=OPTIMISERS, before="adam"
    )
    learning_rate: float = setting(1e-2, "learning rate of the optimiser", positive=True, compiled=False)
    warmup: int | None = setting(
        None,
        "training sequences over which the learning rate rises linearly from 0",
        least=1,
        most=10**12,
        before=None,
    )
    clip: float | None = setting(1.0, "clip the norm of the gradient to this, or none", positive=True)
    budget: int = setting(
        100_000, "largest number of training sequences per network", least=1, most=10**12, compiled=False
    )
    curriculum: int | None = setting(
        None,
        "training sequences that are shorter: of a quarter, a half, then three quarters of the length",
        least=1,
        most=10**12,
        before=None,
    )
    check_every: int | None = setting(
        None,
        "training sequences between two evaluations",
        unset="budget/100, at least 1000",
        least=1,
        most=10**12,
        compiled=False,
    )
    seeds: int = setting(10, "number of networks, each with its own seed", least=1, most=10**6, compiled=False)
    seed: int = setting(0, "seed of all random numbers", least=0, most=2**32 - 1)
    stop: str | StoppingRule = setting(
        "success",
        "stopping rule: when training ends early",
        components=STOPS,
        formerly={True: "success", False: "budget"},
    )
    engine: str = setting(
        "auto", "engine that runs the networks; see 'holdfast doctor'", choices=engines.names(), formerly=FORMER
    )

    def __post_init__(self) -> None:
        from holdfast.core.task import Task

        if not isinstance(self.task, Task):
            raise BadValue(
                f"the task of these settings is {values.got(self.task)}, expected a task.",
                "For example make_task('recall', {'steps': 30}).",
            )
        where = "these settings cannot be trained"
        if isinstance(self.cell, cells.Definition):
            object.__setattr__(self, "cell", cells.named(self.cell))
        if isinstance(self.block, blocks.Definition):
            object.__setattr__(self, "block", blocks.named(self.block))
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
            reasons.append(f"--order shuffled needs given sequences, but {self.task.name} draws new ones")
        reasons += self._curriculum_mistakes()
        try:
            values.sizes(self.readout_hidden)
        except ValueError as why:
            reasons.append(f"--readout-hidden {why}")
        return reasons

    def _curriculum_mistakes(self) -> list[str]:
        from holdfast.training.curriculum import shorter

        if self.curriculum is None:
            return []
        if self.task.examples() is not None:
            return [f"--curriculum needs rows that are newly drawn, but {self.task.name} has given ones"]
        reasons = [] if shorter(self.task) else [f"--curriculum has no effect: no row of {self.task.name} is shorter"]
        if not self.rule.whole:
            reasons.append(f"--curriculum pads rows, which --update {self.rule.name} would learn from: take batch")
        if self.stopping.counted:
            reasons.append(f"--curriculum makes training rows shorter, which --stop {self.stopping.name} counts")
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
        """Whether inputs are embedded, by this setting or because the block needs it."""
        return self.embedding != "none" or self.wrapped_cell.reads_units

    @property
    def hidden_units(self) -> tuple[int, ...]:
        """The units of each hidden layer of the read-out, as ``readout_hidden`` says."""
        return values.sizes(self.readout_hidden)

    @property
    def parameters(self) -> int:
        """The number of weights of all layers and the embedding, for one step."""
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
        """The engine that runs these networks on this machine. Raises as ``engines.chosen`` does."""
        shared = self.weights == "shared"
        return engines.chosen(self.engine, engines.Request(self.wrapped_cell, self.gradient, shared, self.truncate))

    @property
    def steps(self) -> int | None:
        """The number of steps with separate weights; None if all steps share their weights."""
        return self.task.longest if self.weights == "per_step" else None

    @property
    def rows(self) -> int:
        """Sequences per batch, which are used for one update or several."""
        return self.rule.rows(self.task) if self.batch is None else self.batch

    @property
    def batches(self) -> int:
        """The number of batches of ``rows`` sequences in the budget."""
        return -(-self.budget // self.rows)

    @property
    def check_batches(self) -> int:
        """Batches between two evaluations: by default budget/100 sequences, at least 1000."""
        examples = self.task.examples()
        least = 1000 if examples is None else len(examples.inputs)
        every = self.check_every or max(self.budget // 100, least)
        return max(1, every // self.rows)

    def compiled(self) -> Settings:
        """These settings with every field at its default on which the compiled programs do not depend."""
        free = {name: one.default for name, one in field_infos(type(self)).items() if not one.meta.compiled}
        if not self.stopping.counted:
            free["stop"] = field_infos(type(self))["stop"].default
        return replace(self, **free)

    def as_json(self) -> dict[str, object]:
        return {"task": task_as_json(self.task), **plain(self)}

    def identity(self) -> dict[str, object]:
        """The key of these settings, the same in every version: fields that later versions added are left out while
        they have their former value."""
        fields = {
            name: one.as_before(value)
            for (name, value), one in zip(plain(self).items(), field_infos(type(self)).values(), strict=True)
        }
        return {"task": task_as_json(self.task), **{n: v for n, v in fields.items() if v is not REQUIRED}}

    def origin(self, made_by: str, number: int) -> dict[str, object]:
        """The origin of the weights of network ``number``, as stored in its file."""
        return {"made_by": made_by, "network": number, "settings": self.as_json()}

    @classmethod
    def from_json(cls, document: object, where: str = "the settings of this run") -> Settings:
        """The settings in a document of a run folder. ``where`` names the file. Raises ``BadFile`` if they are
        invalid."""
        try:
            document = settings_of(document)
            if not isinstance(document, dict):
                raise BadFile(f"{where} is {values.got(document)}, expected an object.")
            own = {name: value for name, value in document.items() if name != "task"}
            return cls(task_from_json(document.get("task"), where), **given(cls, own, where))
        except AbsentData:
            raise
        except Problem as problem:
            message = problem.message if isinstance(problem, BadFile) else f"{where}: {problem.message}"
            raise BadFile(message, "Give a folder made by 'holdfast train'.") from problem


def task_as_json(task: Task) -> dict[str, object]:
    """A task in a document: its name, then its axes."""
    return {"name": task.name, **plain(task)}


def task_from_json(document: object, where: str) -> Task:
    """The task in a document. Raises ``BadFile`` if it is invalid, and as ``make_task`` does."""
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        raise BadFile(f"{where}: its task is {values.got(document)}, expected an object with the name of a task.")
    return make_task(document["name"], {name: value for name, value in document.items() if name != "name"})


def make_task(name: str, axes: Mapping[str, object]) -> Task:
    """The task of this name with these axes, lists turned into tuples.

    Raises ``UnknownName`` for a task or an axis that does not exist, ``BadValue`` for invalid axes, and
    ``BadFile`` for an invalid plug-in.

    >>> make_task("recall", {"steps": 3}).lag_steps
    2
    """
    from holdfast import tasks
    from holdfast.core.task import known_axes
    from holdfast.plugins.verified import made

    kind = tasks.get(name)
    return made(kind, known_axes(kind, axes))
