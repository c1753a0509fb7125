"""The main act: a network and a task, run once; every diagnostic; roles of units; words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax

from holdfast.core.errors import UnknownName
from holdfast.core.results import Part, Table, Text
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.explain import diagnostics as folder
from holdfast.explain.finding import Finding
from holdfast.explain.roles import Roles, roles
from holdfast.explain.subject import ROWS, Subject, examine
from holdfast.explain.words import Clause, blown_up, words
from holdfast.models.levels import Model, described, level_of, reaches, require, why_not_opened

THREADS = 2
"""Diagnostics under way at once: more than two have nothing to do while each waits for what they share."""


@dataclass(frozen=True)
class Explanation:
    """What was found. ``subject`` is what was looked at: cut where the network's numbers were no longer finite, which
    was after ``finite_steps`` of ``steps``."""

    file: str
    subject: Subject
    steps: int
    findings: Mapping[str, Finding]
    roles: Roles | None
    words: tuple[Clause, ...]

    @property
    def finite_steps(self) -> int:
        return self.subject.steps

    def as_json(self, page: str | None = None) -> dict[str, Any]:
        """The document of ``holdfast explain --json``. Cell, units and layers are null of what is no network."""
        model = self.subject.model
        network = model if isinstance(model, Network) else None
        return {
            "file": self.file,
            "task": self.subject.task.name,
            "level": level_of(model),
            "cell": network and network.cell_name,
            "units": network and network.units,
            "layers": network and len(network.layers),
            "steps": self.steps,
            "finite_steps": self.finite_steps,
            "sequences": self.subject.rows,
            "diagnostics": {name: dict(finding.figures) for name, finding in self.findings.items()},
            "words": [clause.as_json() for clause in self.words],
            "page": page,
        }

    def parts(self, whole: Sequence[str] = ()) -> list[Part]:
        """The words, a sentence per diagnostic, and of those in ``whole`` everything."""
        model, task = self.subject.model, self.subject.task
        if isinstance(model, Network):
            layers = f"{len(model.layers)} layers of " if len(model.layers) > 1 else ""
            title = f"{self.file or 'the network'}: {model.cell_name}, {layers}{model.units} units, on {task.name}"
        else:
            title = f"{self.file or described(model)}, on {task.name}"
        title += f", {self.subject.rows} sequences of {self.steps} steps"
        parts: list[Part] = [Text("\n".join(f"- {clause.text}" for clause in self.words), title)]
        told = [(name, finding.sentence) for name, finding in self.findings.items() if finding.sentence]
        if told:
            parts.append(Table(("diagnostic", "finding"), tuple(told)))
        for name in whole:
            if name in self.findings:
                parts += [Text(folder.get(name).title, name), *self.findings[name].parts]
        return parts


def explain(
    network: Model,
    task: Task,
    *,
    diagnostics: Sequence[str] | None = None,
    rows: int = ROWS,
    seed: int = 0,
    file: str = "",
    tell: Callable[[str], None] = lambda what: None,
) -> Explanation:
    """Look at ``network``, a model of any level, on ``rows`` fresh test rows of ``task`` with these diagnostics (None:
    all that its level allows). Roles of units are found where it is opened.

    ``tell`` is told what is being done. Nothing of the network is changed. A network whose numbers stop being finite
    is looked at up to there. Raises ``UnknownName`` for a diagnostic, ``BadValue`` where one needs a higher level or
    the sizes do not fit.
    """
    names, opened = _allowed(network, diagnostics), reaches(network, "opened")
    tell("running the network")
    seen = examine(network, task, rows=rows, seed=seed)
    subject = seen.until(seen.finite_steps)
    findings: dict[str, Finding] = {}
    if subject.steps == 0:
        return Explanation(file, subject, seen.steps, findings, None, (blown_up(0, seen.steps),))
    # Most of the time is compiling, in which JAX lets go of the interpreter; what is found does not depend on threads.
    with ThreadPoolExecutor(THREADS) as pool:
        found_roles = pool.submit(_as_here(roles), subject) if opened else None
        begun = [pool.submit(_as_here(folder.get(name).measure), subject) for name in names]
        try:
            for number, (name, future) in enumerate(zip(names, begun, strict=True), 1):
                tell(f"{name} ({number} of {len(names)})")
                findings[name] = future.result()
            tell("roles of units")
            found = found_roles.result() if found_roles else None
        except BaseException:  # an interrupt, say: what has not begun is not begun
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    said = words(subject, found, findings) if found else (_not_opened(network),)
    if subject.steps < seen.steps:
        said = (blown_up(subject.steps, seen.steps), *said)
    return Explanation(file, subject, seen.steps, findings, found, said)


def _allowed(model: Model, names: Sequence[str] | None) -> list[str]:
    """The diagnostics to use. Raises as ``explain`` does."""
    known = check_names(names)
    if names is None:
        return [name for name in known if reaches(model, folder.get(name).level)]
    for name in known:
        require(model, folder.get(name).level, f"the diagnostic '{name}'")
    return known


def _not_opened(model: Model) -> Clause:
    """That a model has no units with roles, and why."""
    level = level_of(model)
    why = f": {why_not_opened(model.cell)}" if isinstance(model, Network) else ""
    left_out = "roles of units and the diagnostics of higher levels are left out"
    text = f"{described(model)} has the level '{level}'{why}; {left_out}"
    return Clause(text, (), "other", {"level": level})


def _as_here(act: Callable[[Subject], Any]) -> Callable[[Subject], Any]:
    """``act``, for another thread, at the precision that this one computes in: JAX keeps it thread by thread."""
    double = jax.config.jax_enable_x64  # pyright: ignore[reportAttributeAccessIssue] -- JAX makes it as it loads

    def acts(subject: Subject) -> Any:
        with jax.enable_x64(double):
            return act(subject)

    return acts


def check_names(names: Sequence[str] | None) -> list[str]:
    """The diagnostics to use, all where None. Raises ``UnknownName`` for one that there is not."""
    known = folder.FOLDER.names()
    for name in names or ():
        if name not in known:
            raise UnknownName("diagnostic", name, known)
    return known if names is None else list(dict.fromkeys(names))
