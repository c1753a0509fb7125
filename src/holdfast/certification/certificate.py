"""The file format of a proof: readable JSON with all parameters that a checker needs to compute the bound again.

    {"format": "holdfast-certificate-2", "holdfast": "0.2", "verdict": "proved",
     "claim": {"task": "recall", "axes": {...}, "error": "0x1.79p-11", "semantics": "real", "dtype": "float32",
               "lengths": "exactly", "up to" or "any", "first_step": 1, "last_step": 1000 or null},
     "network": "sha256 ...",
     "cuts": [{"number": "x1", "at": "0"}, null, {"input": [2, 0], "at": "1/2"}, null, null],
     "method": {"precision_bits": 128, "symbols": 0, "inputs": false, "widen_after": null, "widen_by": "0",
                "widen_to": null},
     "settled": 12 or null, "exact_above": "0x1p-112" or null, "assumptions": ["..."]}

Numbers that the proof depends on are strings: exact rationals (``-1/3``) or hexadecimal floating point (``0x1.8p-1``).
``cuts`` is a binary tree in preorder, with the lower part first. A node is the variable that is cut, a remembered
number or an input (step from 1, channel), and the value at which it is cut; null is a piece that is not cut further.
The pieces of such a tree cover every path. Every field is bounded before anything is computed: rationals to 4096 bits,
pieces to 100,000, steps to a million. A document with an unknown, repeated or missing field is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from holdfast.certification.propagate import Input, Method
from holdfast.core.claim import Claim, Semantics
from holdfast.core.documents import STEPS, convert, parse_json, read_json, shown
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.files import write_atomically
from holdfast.core.results import rounded_up
from holdfast.core.scenario import LengthKind, Lengths
from holdfast.core.task import Task

FORMAT = "holdfast-certificate-2"
FAMILY = "holdfast-certificate-"
FOLLOWED = 10**6
"""The largest number of steps that a certificate may ask the checker to propagate one by one."""
MOST_PIECES = 10**5
LARGEST = Fraction(2) ** 1000
"""The largest accepted number. Larger ones might not fit into a float64."""
MOST_NODES = 4096
"""The largest product of a task's integer axes other than its length. The size of the scenario grows with it."""
AGAIN = "Make it again with 'holdfast certify'."

Meta = msgspec.Meta
Steps = Annotated[int, Meta(ge=1, le=STEPS)]
Followed = Annotated[int, Meta(ge=1, le=FOLLOWED)]
Text = Annotated[str, Meta(max_length=100)]


class _Claim(msgspec.Struct, forbid_unknown_fields=True):
    task: Text
    axes: dict[str, Any]
    error: Fraction
    semantics: Semantics
    dtype: Text
    lengths: LengthKind
    first_step: Followed
    last_step: Steps | None


class _Cut(msgspec.Struct, forbid_unknown_fields=True):
    """A cut of either ``number`` or ``input``; exactly one of them is set."""

    at: Fraction
    number: Text | None = None
    input: tuple[Followed, Annotated[int, Meta(ge=0, le=10**6)]] | None = None


class _Method(msgspec.Struct, forbid_unknown_fields=True):
    precision_bits: Annotated[int, Meta(ge=2, le=4096)]
    symbols: Annotated[int, Meta(ge=0, le=4096)]
    inputs: bool
    widen_after: Annotated[int, Meta(ge=0, le=FOLLOWED)] | None
    widen_by: Fraction
    widen_to: Fraction | None


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of a certificate, all of them required."""

    format: Literal["holdfast-certificate-2"]
    holdfast: Text
    verdict: Literal["proved"]
    claim: _Claim
    network: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    cuts: Annotated[list[_Cut | None], Meta(max_length=2 * MOST_PIECES)]
    method: _Method
    settled: Followed | None
    exact_above: Fraction | None
    assumptions: Annotated[tuple[Annotated[str, Meta(max_length=10_000)], ...], Meta(max_length=100)]


@dataclass(frozen=True)
class Cut:
    """A cut of a piece into two parts at the value ``at`` of the variable ``of``: a remembered number, by its name, or
    an input, by (step from 1, channel)."""

    of: str | Input
    at: Fraction

    def as_json(self) -> dict[str, object]:
        of = {"number": self.of} if isinstance(self.of, str) else {"input": list(self.of)}
        return {**of, "at": str(self.at)}


Cuts = tuple[Cut | None, ...]
"""A binary tree in preorder, with the lower part first; None is a leaf."""


@dataclass(frozen=True)
class Certificate:
    """A claim about one network, and the parameters for computing its bound again. ``network`` is its fingerprint.
    ``settled`` is the step by which every piece has settled. Numbers of absolute value ``exact_above`` or more are
    recalled bit for bit."""

    claim: Claim
    network: str
    cuts: Cuts
    method: Method
    settled: int | None
    exact_above: float | None
    assumptions: tuple[str, ...]
    holdfast: str

    def as_json(self) -> dict[str, object]:
        claim, method = self.claim, self.method
        return {
            "format": FORMAT,
            "holdfast": self.holdfast,
            "verdict": "proved",
            "claim": {
                "task": claim.task,
                "axes": dict(claim.axes),
                "error": claim.error.hex(),
                "semantics": claim.semantics[0],
                "dtype": claim.dtype,
                "lengths": claim.lengths.kind,
                "first_step": claim.least_steps,
                "last_step": claim.steps,
            },
            "network": self.network,
            "cuts": [cut and cut.as_json() for cut in self.cuts],
            "method": {
                "precision_bits": method.precision_bits,
                "symbols": method.symbols,
                "inputs": method.inputs,
                "widen_after": method.widen_after,
                "widen_by": str(method.widen_by),
                "widen_to": None if method.widen_to is None else str(method.widen_to),
            },
            "settled": self.settled,
            "exact_above": None if self.exact_above is None else self.exact_above.hex(),
            "assumptions": list(self.assumptions),
        }


def parse(document: Mapping[str, object]) -> Certificate:
    """The certificate in a document. Raises ``BadFile`` if a field is missing, unknown or invalid."""
    where = "the certificate is malformed"
    try:
        # Converted to text and back, so that a document made in memory is judged like one from a file.
        plain = parse_json(json.dumps(document), where)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadFile(f"{where}: {error}.", AGAIN) from error
    try:
        read = convert(plain, _Document, where)
    except BadFile as error:
        raise BadFile(error.message, AGAIN) from error
    claim, method = read.claim, read.method
    sizes = {"claim.error": claim.error, "method.widen_by": method.widen_by, "method.widen_to": method.widen_to}
    for name, value in {**sizes, "exact_above": read.exact_above}.items():
        if value is not None and not 0 <= value < LARGEST:
            raise BadFile(f"{where}: {name} is {shown(str(value))}, expected a number from 0 to 2^1000.", AGAIN)
    if (claim.last_step is None) != (claim.lengths == "any"):
        raise BadFile(f"{where}: its lengths are '{claim.lengths}', up to step {shown(claim.last_step)}.", AGAIN)
    return Certificate(
        Claim(
            claim.task,
            {name: _tuples(value) for name, value in claim.axes.items()},
            float(claim.error),
            claim.last_step,
            (claim.semantics,),
            claim.dtype,
            claim.first_step,
            claim.lengths == "exactly",
        ),
        read.network,
        tuple(None if cut is None else _cut(cut, f"{where}: cuts[{place}]") for place, cut in enumerate(read.cuts)),
        Method(
            method.symbols,
            method.widen_after,
            method.widen_by,
            method.widen_to,
            method.precision_bits,
            method.inputs,
        ),
        read.settled,
        None if read.exact_above is None else float(read.exact_above),
        read.assumptions,
        read.holdfast,
    )


def refuse_large(task: Task) -> None:
    """Raise ``BadValue``, before the scenario is built, if it would have more nodes than ``MOST_NODES``."""
    whole = {axis.name: getattr(task, axis.name) for axis in fields(task)}
    sizes = {k: v for k, v in whole.items() if isinstance(v, int) and v > 0 and k != task.length_axis}
    if prod(sizes.values()) > MOST_NODES:
        told = " times ".join(f"{name} {value:,}" for name, value in sizes.items())
        raise BadValue(
            f"certificates of {task.name} with {told} are not supported: the product may be at most {MOST_NODES:,}."
        )
    if getattr(task, task.length_axis) > STEPS:
        raise BadValue(f"certificates of rows of more than {STEPS:,} steps are not supported.")


def save(document: Mapping[str, object], path: Path | str) -> None:
    """Write a certificate atomically. Raises ``BadRun`` on a full disk."""
    write_atomically(Path(path), json.dumps(document, indent=1, allow_nan=False) + "\n")


def load(path: Path | str) -> dict[str, object]:
    """The document in ``path``. Raises ``BadFile`` if it is not a certificate of any version."""
    document = read_json(path, "a certificate", "'holdfast certify' writes one.")
    if not isinstance(document, dict) or not str(document.get("format", "")).startswith(FAMILY):
        raise BadFile(f"{path} is JSON, but not a certificate of holdfast.", f"Its format should be '{FORMAT}'.")
    return document


def _cut(read: _Cut, where: str) -> Cut:
    of = read.number if read.number is not None else read.input
    if of is None or (read.number is not None and read.input is not None):
        raise BadFile(f"{where} must name either a number or an input.", AGAIN)
    return Cut(of, read.at)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value


def words(claim: Claim, task: Task) -> str:
    """The claim in a sentence."""
    ends = claim.axes.get("range")
    limits = f", numbers from {ends[0]:g} to {ends[1]:g}" if ends else ""
    arithmetic = "exact real arithmetic" if claim.semantics == ("real",) else f"IEEE {claim.dtype} arithmetic"
    rows = describe_lengths(task, claim.lengths)
    return f"{claim.task}{limits}, rows {rows}: error at most {rounded_up(claim.error)}, in {arithmetic}"


def describe_lengths(task: Task, lengths: Lengths) -> str:
    """The lengths of the rows in words: "of exactly 10 steps", "of up to 10 steps", "of every length"."""
    if lengths.kind == "exactly":
        several = f"{task.shortest} to {task.longest}" if task.shortest < task.longest else f"exactly {task.longest}"
        return f"of {several} steps"
    early = f", answers from step {lengths.first} on" if lengths.first > 1 else ""
    return ("of every length" if lengths.last is None else f"of up to {lengths.last} steps") + early
