"""What a proof is written down as: readable JSON with every parameter that a checker needs to find the bound again.

    {"format": "holdfast-certificate-1", "holdfast": "0.2", "verdict": "proved",
     "claim": {"task": "recall", "axes": {...}, "error": "0x1.79p-11", "steps": 1000 or "any",
               "semantics": "real", "dtype": "float32", "least_steps": 1},
     "network": "sha256 ...",
     "pieces": {"of": "x1", "cuts": ["-1", "0", "1"]} or null,
     "method": {"precision_bits": 128, "symbols": 0, "widen_after": null, "widen_by": "0",
                "widen_to": null},
     "settled": 12 or null, "exact_above": "0x1p-112" or null, "assumptions": ["..."]}

Numbers that the proof depends on are texts: exact rationals (``-1/3``) or hexadecimal floating point (``0x1.8p-1``).
Every field is bounded before anything is computed: rationals to 4096 bits, pieces to 100,000, steps that are followed
one by one to a million. A document with another field, with one twice or without one is refused.
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

from holdfast.certify.propagate import Method
from holdfast.core.claim import Claim, Semantics
from holdfast.core.documents import STEPS, convert, parse_json, read_json, shown
from holdfast.core.errors import BadFile
from holdfast.core.files import write_atomically
from holdfast.core.task import Task
from holdfast.engine.readings.rounding import ACCURACIES

FORMAT = "holdfast-certificate-1"
FAMILY = "holdfast-certificate-"
FOLLOWED = 10**6
"""Steps that a checker may be asked to follow one by one."""
MOST_PIECES = 10**5
LARGEST = Fraction(2) ** 1000
"""What is larger may be no float."""
MOST_NODES = 4096
"""The product of a task's whole-number axes besides its length: what the size of its scenario grows with."""
AGAIN = "Make it again with 'holdfast certify'."

Meta = msgspec.Meta
Words = Annotated[str, Meta(max_length=1000)]
Steps = Annotated[int, Meta(ge=1, le=STEPS)]
Text = Annotated[str, Meta(max_length=100)]


class _Claim(msgspec.Struct, forbid_unknown_fields=True):
    task: Text
    axes: dict[str, Any]
    error: Fraction
    steps: Steps | Literal["any"]
    semantics: Semantics
    dtype: Text
    least_steps: Annotated[int, Meta(ge=1, le=FOLLOWED)]


class _Pieces(msgspec.Struct, forbid_unknown_fields=True):
    of: Text
    cuts: Annotated[list[Fraction], Meta(max_length=MOST_PIECES + 1)]


class _Method(msgspec.Struct, forbid_unknown_fields=True):
    precision_bits: Annotated[int, Meta(ge=2, le=4096)]
    symbols: Annotated[int, Meta(ge=0, le=4096)]
    widen_after: Annotated[int, Meta(ge=0, le=FOLLOWED)] | None
    widen_by: Fraction
    widen_to: Fraction | None


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of a certificate, all of them required."""

    format: Literal["holdfast-certificate-1"]
    holdfast: Text
    verdict: Literal["proved"]
    claim: _Claim
    network: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    pieces: _Pieces | None
    method: _Method
    settled: Annotated[int, Meta(ge=1, le=FOLLOWED)] | None
    exact_above: Fraction | None
    assumptions: Annotated[tuple[Words, ...], Meta(max_length=100)]


@dataclass(frozen=True)
class Pieces:
    """Where the range of one remembered number is cut: pieces from each cut to the next."""

    of: str
    cuts: tuple[Fraction, ...]


@dataclass(frozen=True)
class Certificate:
    """A claim on one network, and how its bound is found again. ``network`` is its fingerprint; ``settled`` the step by
    which every piece has settled; from ``exact_above`` on recall is bit for bit."""

    claim: Claim
    network: str
    pieces: Pieces | None
    method: Method
    settled: int | None
    exact_above: float | None
    assumptions: tuple[str, ...]
    holdfast: str

    def as_json(self) -> dict[str, Any]:
        claim, method = self.claim, self.method
        return {
            "format": FORMAT,
            "holdfast": self.holdfast,
            "verdict": "proved",
            "claim": {
                "task": claim.task,
                "axes": dict(claim.axes),
                "error": claim.error.hex(),
                "steps": "any" if claim.steps is None else claim.steps,
                "semantics": claim.semantics[0],
                "dtype": claim.dtype,
                "least_steps": claim.least_steps,
            },
            "network": self.network,
            "pieces": self.pieces and {"of": self.pieces.of, "cuts": [str(cut) for cut in self.pieces.cuts]},
            "method": {
                "precision_bits": method.precision_bits,
                "symbols": method.symbols,
                "widen_after": method.widen_after,
                "widen_by": str(method.widen_by),
                "widen_to": None if method.widen_to is None else str(method.widen_to),
            },
            "settled": self.settled,
            "exact_above": None if self.exact_above is None else self.exact_above.hex(),
            "assumptions": list(self.assumptions),
        }


def parse(document: Mapping[str, Any]) -> Certificate:
    """Raises ``BadFile`` where a field is missing, is not known or holds what it must not."""
    where = "the certificate is malformed"
    try:
        # As text and back: a document that was made in memory is judged like one from a file.
        plain = parse_json(json.dumps(document), where)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadFile(f"{where}: {error}.", AGAIN) from error
    try:
        read = convert(plain, _Document, where)
    except BadFile as error:
        raise BadFile(error.message, AGAIN) from error
    claim, method, pieces = read.claim, read.method, read.pieces
    sizes = {"claim.error": claim.error, "method.widen_by": method.widen_by, "method.widen_to": method.widen_to}
    for name, value in {**sizes, "exact_above": read.exact_above}.items():
        if value is not None and not 0 <= value < LARGEST:
            raise BadFile(f"{where}: {name} is {shown(str(value))}, expected a number from 0 to 2^1000.", AGAIN)
    return Certificate(
        Claim(
            claim.task,
            {name: _tuples(value) for name, value in claim.axes.items()},
            float(claim.error),
            None if claim.steps == "any" else claim.steps,
            (claim.semantics,),
            claim.dtype,
            claim.least_steps,
        ),
        read.network,
        pieces and Pieces(pieces.of, tuple(pieces.cuts)),
        Method(method.symbols, method.widen_after, method.widen_by, method.widen_to, method.precision_bits),
        read.settled,
        None if read.exact_above is None else float(read.exact_above),
        read.assumptions,
        read.holdfast,
    )


def refuse_large(task: Task) -> None:
    """Raise ``BadFile`` where a task's scenario would have more nodes than anybody proves things about: before it is
    made."""
    whole = {axis.name: getattr(task, axis.name) for axis in fields(task)}
    sizes = {k: v for k, v in whole.items() if isinstance(v, int) and v > 0 and k != task.length_axis}
    if prod(sizes.values()) > MOST_NODES:
        told = " times ".join(f"{name} {value:,}" for name, value in sizes.items())
        raise BadFile(
            f"the certificate speaks of {task.name} with {told}, expected a product of at most {MOST_NODES:,}."
        )
    if getattr(task, task.length_axis) > STEPS:
        raise BadFile(f"the certificate speaks of rows of more than {STEPS:,} steps.")


def assumptions_of(claim: Claim) -> tuple[str, ...]:
    """What the checker itself assumes of arithmetic for such a claim; a certificate has to say exactly this.

    Raises ``BadFile`` for a number format of which nothing is known.
    """
    if claim.semantics == ("real",):
        return ()
    if claim.dtype not in ACCURACIES:
        raise BadFile(f"the certificate speaks of {claim.dtype} arithmetic, expected {' or '.join(ACCURACIES)}.")
    return (ACCURACIES[claim.dtype].words(),)


def save(document: Mapping[str, Any], path: Path | str) -> None:
    """Write atomically. Raises ``BadRun`` on a full disk."""
    write_atomically(Path(path), json.dumps(document, indent=1, allow_nan=False) + "\n")


def load(path: Path | str) -> dict[str, Any]:
    """The document in ``path``. Raises ``BadFile`` where it is no certificate of any version."""
    document = read_json(path, "a certificate", "'holdfast certify' writes one.")
    if not isinstance(document, dict) or not str(document.get("format", "")).startswith(FAMILY):
        raise BadFile(f"{path} is JSON, but no certificate of holdfast.", f"Its format should be '{FORMAT}'.")
    return document


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value


def words(document: Mapping[str, Any]) -> str:
    """The claim in a sentence."""
    claim = parse(document).claim
    length = "of every length" if claim.steps is None else f"of up to {claim.steps} steps"
    length += f" from {claim.least_steps} on" if claim.least_steps > 1 else ""
    ends = claim.axes.get("range")
    limits = f", numbers from {ends[0]:g} to {ends[1]:g}" if ends else ""
    arithmetic = "exact real arithmetic" if claim.semantics == ("real",) else f"IEEE {claim.dtype} arithmetic"
    return f"{claim.task}{limits}, rows {length}: error at most {claim.error:.6g}, in {arithmetic}"
