"""What is trained, how, and until when: one frozen record, checked once, stored with every run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

import msgspec

from holdfast import cells, tasks
from holdfast.core.documents import convert
from holdfast.core.errors import BadFile, Problem, refuse
from holdfast.core.formats import not_positive
from holdfast.core.task import Task, known_axes
from holdfast.engine.initialise import Initialisation, parse
from holdfast.engine.native.environment import ENGINES
from holdfast.plugins.verified import made

Update = Literal["step", "sequence", "batch"]
UPDATES: tuple[Update, ...] = ("step", "sequence", "batch")
ORDERS = ("fixed", "shuffled")
ROWS = 32
"""Sequences per update where rows are drawn afresh and nothing else is asked for."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides a result. ``budget`` and ``check_every`` count sequences; ``seeds`` networks are
    trained, each from its own streams of random numbers under the root ``seed``.

    ``update`` says when the weights change: after every ``step`` (the state is carried on, but no gradient flows
    through time), after every ``sequence``, or after a ``batch`` of them. ``stop`` false spends the whole budget
    and judges the networks at its end. ``engine`` is that of ``unroll``; a run keeps the one that it began with.
    Raises ``BadValue`` with every reason at once.
    """

    task: Task
    cell: str = "lstm"
    units: int = 32
    layers: int = 1
    initialisation: str = "auto"
    update: Update = "batch"
    batch: int | None = None
    order: str = "fixed"
    truncate: int | None = None
    learning_rate: float = 1e-2
    clip: float | None = 1.0
    budget: int = 100_000
    check_every: int | None = None
    seeds: int = 10
    seed: int = 0
    stop: bool = True
    engine: str = "auto"

    def __post_init__(self) -> None:
        refuse(self._mistakes(), "these settings cannot be trained")
        parse(self.initialisation, cells.get(self.cell), self.task.lag_steps)

    def _mistakes(self) -> list[str]:
        least = {"units": 1, "layers": 1, "batch": 1, "truncate": 1, "budget": 1, "check_every": 1, "seeds": 1}
        reasons = [
            f"--{name.replace('_', '-')} is {value}, expected at least {bound}"
            for name, bound in least.items()
            if (value := getattr(self, name)) is not None and value < bound
        ]
        reasons += not_positive("learning-rate", self.learning_rate)
        reasons += not_positive("clip", self.clip) if self.clip is not None else []
        if not 0 <= self.seed < 2**32:
            reasons.append(f"--seed is {self.seed}, expected 0 ... {2**32 - 1}")
        if self.update not in UPDATES:
            reasons.append(f"--update is '{self.update}', expected one of {', '.join(UPDATES)}")
        if self.order not in ORDERS:
            reasons.append(f"--order is '{self.order}', expected one of {', '.join(ORDERS)}")
        if self.engine not in ENGINES:
            reasons.append(f"--engine is '{self.engine}', expected one of {', '.join(ENGINES)}")
        if self.update == "sequence" and (self.batch or 1) > 1:
            reasons.append(f"--update sequence uses one sequence per update, but --batch is {self.batch}")
        if self.update == "step" and self.truncate is not None:
            reasons.append("--update step already cuts the gradient after every step, so --truncate has no meaning")
        if self.order == "shuffled" and self.task.examples() is None:
            reasons.append(f"--order shuffled needs given sequences, but {self.task.name} draws every one afresh")
        return reasons

    @property
    def rows(self) -> int:
        """Sequences per update (of a step: side by side)."""
        if self.update == "sequence":
            return 1
        if self.batch is not None:
            return self.batch
        if self.update == "step":
            return 1
        examples = self.task.examples()
        return ROWS if examples is None else len(examples.inputs)

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

    @property
    def how(self) -> Initialisation:
        return parse(self.initialisation, cells.get(self.cell), self.task.lag_steps)

    def as_json(self) -> dict[str, Any]:
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "task"}
        return {"task": {"name": self.task.name, **dataclasses.asdict(self.task)}, **plain}

    @staticmethod
    def from_json(document: Any, where: str = "the settings of this run") -> Settings:
        """Settings as a run folder keeps them; ``where`` names the file. Raises ``BadFile`` where they are foreign."""
        fix = "Name a folder made by 'holdfast train'."
        try:
            read = msgspec.structs.asdict(convert(document, _Document, where))
            axes = dict(read.pop("task"))
            name = convert(axes.pop("name", None), str, f"{where}, the name of its task")
            return Settings(task=make_task(name, axes), **read)
        except Problem as problem:
            message = problem.message if isinstance(problem, BadFile) else f"{where}: {problem.message}"
            raise BadFile(message, fix) from problem


Count = Annotated[int, msgspec.Meta(ge=1, le=10**12)]
Size = Annotated[int, msgspec.Meta(ge=1, le=10**6)]
Word = Annotated[str, msgspec.Meta(max_length=200)]


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of a run's settings: types and outer bounds; ``Settings`` itself refuses what contradicts itself."""

    task: dict[str, Any]
    cell: Word
    units: Size
    layers: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    initialisation: Word
    update: Update
    batch: Size | None
    order: Word
    truncate: Count | None
    learning_rate: float
    clip: float | None
    budget: Count
    check_every: Count | None
    seeds: Size
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
    stop: bool
    engine: Word = "xla"
    """Runs are older than engines: what does not name one was computed by XLA."""


def make_task(name: str, axes: dict[str, Any]) -> Task:
    """The task of this name with these axes, lists turned into tuples.

    Raises ``UnknownName`` for a task or an axis that does not exist, ``BadValue`` for axes that make no task, and
    ``BadFile`` for a task of a plug-in that is wrong.

    >>> make_task("recall", {"steps": 3}).lag_steps
    2
    """
    kind = tasks.get(name)
    return made(kind, known_axes(kind, axes))
