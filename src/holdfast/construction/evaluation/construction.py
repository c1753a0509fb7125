"""Construct weights for a task, and report the units, gates, error budget and claim."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from holdfast.construction.compile import Construction, compile_program
from holdfast.construction.evaluation.laws import verified_program
from holdfast.core.arrays import Array
from holdfast.core.claim import Semantics
from holdfast.core.errors import BadValue
from holdfast.core.registered import forgotten_on_change
from holdfast.core.results import Part, Table, Text, rounded_up
from holdfast.core.task import Task
from holdfast.core.text import argument, escaped
from holdfast.engine.network import Network
from holdfast.engine.readings.equation import equation
from holdfast.engine.resolve import resolve
from holdfast.engine.traced import TracedProgram, task_identity
from holdfast.engine.unroll import trace
from holdfast.plugins.rows import shortened
from holdfast.plugins.verified import verified, verified_cell
from holdfast.report.result_base import ResultBase

ROWS = 64
WATCHED = 200
"""Number of sequences, and about how many steps of each, on which the gates are evaluated."""
SHOWN_TERMS = 6
"""At most this many terms of a pre-activation are shown."""
WORDS = {"sigmoid": "σ", "tanh": "tanh", "relu": "relu"}


@dataclass(frozen=True, repr=False)
class ConstructionReport(ResultBase):
    """A construction, with the values of its gates on sequences of its task, and the ``file`` that the network was
    written to."""

    TABLE = "gates"

    task: Task
    construction: Construction
    gates: list[dict[str, Any]]
    file: str | None = None

    @property
    def network(self) -> Network:
        return self.construction.network

    def as_json(self) -> dict[str, object]:
        """The document of ``holdfast construct --json``."""
        made = self.construction
        return {
            "possible": True,
            "task": made.claim.task,
            "cell": made.sheet.cell,
            "units": made.network.units,
            "counts_to": made.counts_to,
            "horizon_steps": made.horizon,
            "known_units": made.known_units and {"used": len(made.sheet.units), **made.known_units},
            "state": self.state,
            "claim": made.claim.as_json(),
            "budget": made.budget.as_json(),
            "gates": self.gates,
            "file": self.file,
        }

    @property
    def state(self) -> dict[str, float] | None:
        """The numbers of the state and their bits, and the bits that the task demands; None if that is not known in
        bits."""
        if self.task.memory_unit != "bits":
            return None
        network = self.network
        numbers = network.cell.state_size(network.units, network.heads)
        bits = numbers * 8 * network.dtype.itemsize
        return {"numbers": numbers, "bits": bits, "demand_bits": max(self.task.memory())}

    def origin(self) -> dict[str, object]:
        """The origin that is stored in the network's file."""
        claim = self.construction.claim
        return {"constructed": {"task": claim.task, "axes": dict(claim.axes), "claim": claim.as_json()}}

    def parts(self) -> list[Part]:
        """What ``holdfast construct`` prints."""
        made = self.construction
        used = len(made.sheet.units)
        spare = f" of {made.network.units}" if made.network.units > used else ""
        title = f"{made.claim.task} on {made.sheet.cell}, {used}{spare} units used"
        parts: list[Part] = [
            Table(("unit", "name", "gate", "formula", "at step 1", "later"), tuple(gate_rows(self.gates)), title),
            Text("\n".join(_readout(made)), "Read-out"),
        ]
        spent = [(name, f"{value:.3g}") for name, value in made.budget.as_json().items()]
        if made.gap is None:
            parts.append(Table(("error budget", "at most"), (*spent, ("total", f"{made.budget.total:.3g}"))))
        else:
            spent.append(("margin", f"{made.gap:.3g}"))
            parts.append(Table(("error budget of the margin", "at most"), tuple(spent)))
        if made.known_units:
            parts.append(Text(_size(used, made.known_units), "Size"))
        if made.counts_to:
            parts.append(Text(_counts(made.counts_to, made.claim.dtype), "Count"))
        if made.horizon:
            parts.append(Text(_horizon(made.horizon, made.claim.dtype), "Drift"))
        if self.state:
            parts.append(Text(_state(self.state, made.claim.dtype), "State"))
        parts.append(Text(_claim(made, self.task), "Claim"))
        if self.file:
            certify = f"holdfast certify {argument(self.file)}"
            parts.append(Text(f"Written to {escaped(self.file)}. To prove the claim: {certify}"))
        return parts


def construct(
    task: Task,
    cell: str,
    *,
    units: int | None,
    steps: int | None,
    tolerance: float,
    dtype: str = "float32",
    semantics: Semantics = "ieee",
    form: str = "",
) -> ConstructionReport:
    """Weights of ``cell`` for ``task``, at every length up to ``steps`` (None: every length), within ``tolerance``.

    ``units`` None means as many as are needed.

    ``semantics`` is the arithmetic of a claim for every length. ``form``: "pytorch" for a GRU that is exact there too.
    Raises ``UnknownName`` if there is no construction, ``BadFile`` for an invalid plug-in, and ``BadValue`` with every
    reason why the program does not fit.
    """
    program = verified_program(verified(task).name, task, verified_cell(cell))
    if cell == "lstm1997" and steps is None and semantics == "real":
        form = "forever"
    made = compile_program(
        program,
        cell,
        units=units,
        steps=steps,
        tolerance=tolerance,
        dtype=dtype,
        task=task.name,
        axes=asdict(task),
        form=form,
    )
    if semantics not in made.claim.semantics:
        raise BadValue(
            f"{task.name} on {cell}, at every length: this holds in IEEE {dtype}, where rounding closes gates for "
            "good, and not in exact arithmetic.",
            f"Leave out '--semantics {semantics}', or give a length.",
        )
    return ConstructionReport(task, made, _gates(task, made))


def _gates(task: Task, made: Construction) -> list[dict[str, Any]]:
    """Every gate of every used unit: its formula, and its range on rows of the task."""
    short = shortened(task, WATCHED)

    def run(network: Network) -> tuple[dict[str, Array], Array]:
        batch = short.sample(jax.random.key(0), ROWS)
        seen = trace(network, jnp.asarray(batch.inputs, network.dtype), present=batch.present)
        return seen.gates[0]._asdict(), jnp.asarray(batch.present)

    program = TracedProgram(
        lambda: run,
        lambda network: (dict.fromkeys(network.cell.gates, 0), 0),
        lambda network: task_identity("gates", network.cell_name, short),
    )
    gates, present = jax.device_get(program(made.network))
    described = []
    for number, name in enumerate(made.sheet.units):
        for gate, (bias, channels, units) in made.sheet.gates[name].items():
            opened = gates[gate][..., number]
            later = opened[:, 1:][present[:, 1:]]
            described.append(
                {
                    "unit": number + 1,
                    "name": name,
                    "role": made.sheet.roles[name],
                    "gate": gate,
                    "formula": _formula(made.sheet.cell, gate, bias, channels | units),
                    "step_1": [float(opened[:, 0].min()), float(opened[:, 0].max())],
                    "later": [float(later.min()), float(later.max())] if later.size else None,
                }
            )
    return described


def gate_rows(gates: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """A row for every gate. Units in a row that differ only in the numbers of their names, such as the registers of a
    shift register, share one row for each gate, which counts them."""
    units: dict[int, list[dict[str, Any]]] = {}
    for gate in gates:
        units.setdefault(gate["unit"], []).append(gate)
    rows: list[tuple[str, ...]] = []
    for _, together in itertools.groupby(units.values(), _pattern):
        first, *others = alike = list(together)
        if len(others) < 2:
            rows += [_row(gate) for unit in (first, *others) for gate in unit]
            continue
        last = others[-1]
        span = f"{first[0]['unit']}-{last[0]['unit']}"
        ends = sorted(int(_number(unit[0]["name"])) for unit in (first, last))
        name = f"{_with_n(first[0]['name'], first[0]['name'])}, n = {ends[0]} ... {ends[1]} ({len(alike)} units)"
        for place, gate in enumerate(first):
            own = [unit[place] for unit in alike]
            ranges = [_around([g[when] for g in own]) for when in ("step_1", "later")]
            rows.append(
                (span, name, gate["gate"], _with_n(gate["formula"], first[0]["name"]), *map(_activation, ranges))
            )
    return rows


def _row(gate: dict[str, Any]) -> tuple[str, ...]:
    shown = (gate["name"], gate["gate"], gate["formula"], _activation(gate["step_1"]), _activation(gate["later"]))
    return (str(gate["unit"]), *shown)


def _pattern(unit: list[dict[str, Any]]) -> tuple[object, ...]:
    """The same for units that differ only in the number of their name, here and in their formulas."""
    name = unit[0]["name"]
    if not _number(name):
        return (name,)
    return tuple((_with_n(name, name), gate["gate"], _with_n(gate["formula"], name)) for gate in unit)


def _number(name: str) -> str:
    """The number at the end of a name such as "register 3"; empty where there is none."""
    match = re.fullmatch(r"\D* (\d+)", name)
    return match[1] if match else ""


def _with_n(text: str, name: str) -> str:
    """``text`` with n in place of the number of ``name``, n + 1 in place of the one after it, and so on.

    >>> _with_n("tanh(register 4)", "register 3")
    'tanh(register n+1)'
    """
    stem, own = name.rsplit(" ", 1)[0], int(_number(name))

    def relative(match: re.Match[str]) -> str:
        away = int(match[1]) - own
        return f"{stem} n" + (f"{away:+d}" if away else "")

    return re.sub(rf"{re.escape(stem)} (\d+)", relative, text)


def _around(ranges: list[list[float] | None]) -> list[float] | None:
    known = [one for one in ranges if one is not None]
    return [min(low for low, _ in known), max(high for _, high in known)] if known else None


@forgotten_on_change
@cache
def _curves(cell: str) -> dict[str, str]:
    """The activation function of each gate, from the cell's equation; "" where it has none, or is no function of its
    pre-activation alone."""
    made = resolve(cell)
    found = {m[1]: m[2] for line in equation(made) if (m := re.match(r"(\S+) = (\w+)\(", line))}
    return {gate: WORDS.get(word := found.get(letter, ""), word) for gate, letter in made.letters.items()}


def _formula(cell: str, gate: str, bias: float, weights: dict[str, float]) -> str:
    """The formula of a gate: ``σ(9.4 − 32.6·started)``."""
    text = _sum(bias, weights)
    curve = _curves(cell)[gate]
    return f"{curve}({text})" if curve else text


def _sum(bias: float, weights: dict[str, float]) -> str:
    terms = [f"{_figure(bias)}"] if bias or not weights else []
    ordered = list(weights.items())
    for name, weight in ordered[:SHOWN_TERMS]:
        sign = "−" if weight < 0 else "+"
        size = "" if abs(weight) == 1 else f"{_figure(abs(weight))}·"
        terms.append(f"{sign} {size}{name}" if terms else ("−" if weight < 0 else "") + f"{size}{name}")
    if len(ordered) > SHOWN_TERMS:
        terms.append(f"+ {len(ordered) - SHOWN_TERMS} more")
    return " ".join(terms)


def _figure(value: float) -> str:
    text = f"{value:.3g}" if abs(value) < 1e4 else f"{value:.4g}"
    return text.replace("-", "−")


def _activation(range: list[float] | None) -> str:
    if range is None:
        return ""
    low, high = (_share(v) for v in range)
    return low if low == high else f"{low} ... {high}"


def _share(value: float) -> str:
    """The value of a gate, written so that 1 and values near 1 can be distinguished."""
    if 0.999 < value < 1:
        return f"1 − {1 - value:.1e}"
    return f"{value:.3g}"


def _readout(made: Construction) -> list[str]:
    lines = [f"output {n} = {_sum(bias, weights)}" for n, (bias, weights) in enumerate(made.sheet.readout, 1)]
    return [*lines[:SHOWN_TERMS], *(["..."] if len(lines) > SHOWN_TERMS else [])]


def _size(used: int, known: Mapping[str, int]) -> str:
    return (
        f"{used} units; states times symbols, and one, are {known['at_most']} (Minsky 1967). Units that are on or off "
        f"have to be at least {known['at_least']} for as many states."
    )


def _state(state: Mapping[str, float], dtype: str) -> str:
    return (
        f"{state['numbers']:,} numbers in {dtype}, {state['bits']:,} bits. The task demands at most "
        f"{state['demand_bits']:,.4g} bits at a time."
    )


def _horizon(steps: int, dtype: str) -> str:
    return (
        "A linear recurrence does not correct errors: those of the rounded weights and of each step add up. "
        f"In {dtype} the right symbol has the largest output for at least {steps:,} steps."
    )


def _counts(most: int, dtype: str) -> str:
    return (
        f"The same weights count to {most:,} in {dtype}, where {most:,} + 1 is rounded to {most:,}: from there on one "
        "more symbol leaves the state as it is."
    )


def _claim(made: Construction, task: Task) -> str:
    claim = made.claim
    length = "at every length" if claim.steps is None else f"at every length up to {claim.steps} steps"
    length += f" from {claim.least_steps} on" if claim.least_steps > 1 else ""
    where = {
        ("real", "ieee"): f"in exact arithmetic on these weights, and in IEEE {claim.dtype}",
        ("real",): f"in exact arithmetic on these weights; not in IEEE {claim.dtype}, since growing states are rounded",
        ("ieee",): f"in IEEE {claim.dtype}, where rounding makes gates exactly 0 or 1; not in exact arithmetic",
    }[claim.semantics]
    if made.gap is not None:
        return f"The right symbol has the largest output, {length}, {where}."
    error = rounded_up(claim.error)
    return f"The output is within {error} of the right answer for every input of the task, {length}, {where}."
