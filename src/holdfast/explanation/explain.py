"""Explain a network: run it on its task once, apply the diagnostics, find the roles of units, write the clauses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax

from holdfast.core.errors import UnknownName
from holdfast.core.results import Heatmap, LinePlot, Part, Table, Text
from holdfast.core.task import Task
from holdfast.core.typed_jax import double_precision
from holdfast.engine.network import Network
from holdfast.explanation import diagnostics as folder
from holdfast.explanation.finding import Finding
from holdfast.explanation.roles import Roles, roles
from holdfast.explanation.subject import ROWS, Subject, examine
from holdfast.explanation.words import Clause, not_finite, words
from holdfast.models.levels import Model, described, level_of, reaches, require, why_not_opened
from holdfast.report.result_base import ResultBase

THREADS = 2
"""Diagnostics that run at once. More do not help: each waits for the results that they share."""


@dataclass(frozen=True, repr=False)
class Explanation(ResultBase):
    """The result. ``subject`` is the network on its rows, cut after ``finite_steps`` of ``steps`` if later states or
    outputs are not finite. ``whole``: the diagnostics that were asked for by name, whose tables and plots are among the
    parts. ``page_file``: the page that was written."""

    TABLE = "diagnostics"

    file: str
    subject: Subject
    steps: int
    findings: Mapping[str, Finding]
    roles: Roles | None
    words: tuple[Clause, ...]
    whole: tuple[str, ...] = ()
    page_file: str | None = None

    @property
    def finite_steps(self) -> int:
        return self.subject.steps

    def as_json(self) -> dict[str, Any]:
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
            "page": self.page_file,
        }

    def plots(self) -> list[Part]:
        """The plots of every diagnostic."""
        found = [part for finding in self.findings.values() for part in finding.parts]
        return [part for part in found if isinstance(part, LinePlot | Heatmap)]

    def parts(self) -> list[Part]:
        """The clauses, one sentence per diagnostic, and all tables and plots of the diagnostics in ``whole``."""
        model, task = self.subject.model, self.subject.task
        if isinstance(model, Network):
            layers = f"{len(model.layers)} layers of " if len(model.layers) > 1 else ""
            title = f"{self.file or 'the network'}: {model.cell_name}, {layers}{model.units} units, on {task.name}"
        else:
            title = f"{self.file or described(model)}, on {task.name}"
        title += f", {self.subject.rows} sequences of {self.steps} steps"
        parts: list[Part] = [Text("\n".join(f"- {clause.text}" for clause in self.words), title)]
        summary = [(name, finding.sentence) for name, finding in self.findings.items() if finding.sentence]
        if summary:
            parts.append(Table(("diagnostic", "finding"), tuple(summary)))
        for name in self.whole:
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
    """Explain ``network``, a model of any level, on ``rows`` fresh test rows of ``task`` with these diagnostics (None:
    all that its level allows). Roles of units are found if its level is *opened*.

    ``tell`` is called with each stage. The network is not changed. If states or outputs become NaN or infinite, only
    the steps before are explained. Raises ``UnknownName`` for a diagnostic, ``BadValue`` if one needs a higher level or
    if the sizes do not fit.
    """
    names, opened = _allowed(network, diagnostics), reaches(network, "opened")
    tell("running the network")
    seen = examine(network, task, rows=rows, seed=seed)
    subject = seen.until(seen.finite_steps)
    findings: dict[str, Finding] = {}
    whole = tuple(names) if diagnostics is not None else ()
    if subject.steps == 0:
        return Explanation(file, subject, seen.steps, findings, None, (not_finite(0, seen.steps),), whole)
    # Most of the time is compilation, during which JAX releases the interpreter lock. Results do not depend on threads.
    with ThreadPoolExecutor(THREADS) as pool:
        found_roles = pool.submit(_as_here(roles), subject) if opened else None
        begun = [pool.submit(_as_here(folder.get(name).measure), subject) for name in names]
        try:
            for number, (name, future) in enumerate(zip(names, begun, strict=True), 1):
                tell(f"{name} ({number} of {len(names)})")
                findings[name] = future.result()
            tell("roles of units")
            found = found_roles.result() if found_roles else None
        except BaseException:  # on an interrupt, diagnostics that have not started are cancelled
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    clauses = words(subject, found) if found else (_not_opened(network),)
    if subject.steps < seen.steps:
        clauses = (not_finite(subject.steps, seen.steps), *clauses)
    return Explanation(file, subject, seen.steps, findings, found, clauses, whole)


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
    """``act`` for another thread with this thread's precision, which JAX keeps for each thread."""
    double = double_precision()

    def acts(subject: Subject) -> Any:
        with jax.enable_x64(double):
            return act(subject)

    return acts


def check_names(names: Sequence[str] | None) -> list[str]:
    """The names of these diagnostics, of all if None. Raises ``UnknownName``."""
    known = folder.FOLDER.names()
    for name in names or ():
        if name not in known:
            raise UnknownName("diagnostic", name, known)
    return known if names is None else list(dict.fromkeys(names))
