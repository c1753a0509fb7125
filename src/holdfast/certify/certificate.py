"""What a proof is written down as: readable JSON with every parameter that a checker needs to find the bound again.

    {"format": "holdfast-certificate-2", "holdfast": "0.2", "verdict": "proved",
     "claim": {"task": "recall", "axes": {...}, "error": "0x1.79p-11", "semantics": "real", "dtype": "float32",
               "lengths": "exactly", "up to" or "any", "first_step": 1, "last_step": 1000 or null},
     "network": "sha256 ...",
     "cuts": [{"number": "x1", "at": "0"}, null, {"input": [2, 0], "at": "1/2"}, null, null],
     "method": {"precision_bits": 128, "symbols": 0, "inputs": false, "widen_after": null, "widen_by": "0",
                "widen_to": null},
     "settled": 12 or null, "exact_above": "0x1p-112" or null, "assumptions": ["..."]}

Numbers that the proof depends on are texts: exact rationals (``-1/3``) or hexadecimal floating point (``0x1.8p-1``).
``cuts`` is a binary tree, each node before its two parts, the lower one first: what is cut, a remembered number or
an input (step from 1, channel), and where; null is a piece that is not cut further. Such a tree covers every path.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import holdfast.core.claim as claims
from holdfast.certify.propagate import Input, Method
from holdfast.core.claim import Claim
from holdfast.core.errors import BadFile
from holdfast.core.files import write_atomically
from holdfast.core.results import rounded_up
from holdfast.core.scenario import Kind, Lengths
from holdfast.core.task import Task

FORMAT = "holdfast-certificate-2"
FAMILY = "holdfast-certificate-"


@dataclass(frozen=True)
class Cut:
    """A piece in two parts: ``of`` a remembered number, by its name, or an input, by (step from 1, channel)."""

    of: str | Input
    at: Fraction

    def as_json(self) -> dict[str, Any]:
        of = {"number": self.of} if isinstance(self.of, str) else {"input": list(self.of)}
        return {**of, "at": str(self.at)}


Cuts = tuple[Cut | None, ...]
"""A binary tree, every node before its parts, the lower part first; None is a leaf."""


@dataclass(frozen=True)
class Certificate:
    """A claim on one network, and how its bound is found again. ``network`` is its fingerprint; ``settled`` the step by
    which every piece has settled; from ``exact_above`` on recall is bit for bit."""

    claim: Claim
    network: str
    cuts: Cuts
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


def parse(document: Mapping[str, Any]) -> Certificate:
    """Raises ``BadFile`` where something is missing or is not what it should be."""
    try:
        claim, method = document["claim"], document["method"]
        settled, exact_above, after = document["settled"], document["exact_above"], method["widen_after"]
        if document["verdict"] != "proved":
            raise ValueError(f"its verdict is '{document['verdict']}', and only 'proved' can be checked")
        if claim["semantics"] not in claims.Semantics.__args__:
            raise ValueError(f"its semantics is '{claim['semantics']}'")
        if (kind := claim["lengths"]) not in Kind.__args__ or (claim["last_step"] is None) != (kind == "any"):
            raise ValueError(f"its lengths are '{kind}', up to step {claim['last_step']}")
        return Certificate(
            Claim(
                str(claim["task"]),
                {str(name): _tuples(value) for name, value in claim["axes"].items()},
                float(_number(claim["error"], least=0)),
                None if kind == "any" else _count(claim["last_step"], 1),
                (claim["semantics"],),
                str(claim["dtype"]),
                _count(claim["first_step"], 1),
                kind == "exactly",
            ),
            str(document["network"]),
            tuple(None if cut is None else _cut(cut) for cut in document["cuts"]),
            Method(
                _count(method["symbols"], 0),
                None if after is None else _count(after, 0),
                _number(method["widen_by"], least=0),
                None if method["widen_to"] is None else _number(method["widen_to"], least=0),
                _count(method["precision_bits"], 2),
                bool(method["inputs"]),
            ),
            None if settled is None else _count(settled, 1),
            None if exact_above is None else float(_number(exact_above, least=0)),
            tuple(str(words) for words in document["assumptions"]),
            str(document["holdfast"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, ZeroDivisionError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise BadFile(f"the certificate is malformed: {what}.", "Make it again with 'holdfast certify'.") from error


def save(document: Mapping[str, Any], path: Path | str) -> None:
    """Write atomically. Raises ``BadRun`` on a full disk."""
    write_atomically(Path(path), json.dumps(document, indent=1, allow_nan=False) + "\n")


def load(path: Path | str) -> dict[str, Any]:
    """The document in ``path``. Raises ``BadFile`` where it is no certificate of any version."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadFile(f"there is no file {path}.", "'holdfast certify' writes one.") from error
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} cannot be read as JSON: {error}.", "It may be cut short or foreign.") from error
    if not isinstance(document, dict) or not str(document.get("format", "")).startswith(FAMILY):
        raise BadFile(f"{path} is JSON, but no certificate of holdfast.", f"Its format should be '{FORMAT}'.")
    return document


def _number(text: Any, least: float | None = None) -> Fraction:
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is a number that should be text, exact")
    value = Fraction(float.fromhex(text)) if "0x" in text.lower() else Fraction(text)
    if least is not None and value < least:
        raise ValueError(f"{text} is less than {least:g}")
    return value


def _cut(document: Mapping[str, Any]) -> Cut:
    if "number" in document:
        return Cut(str(document["number"]), _number(document["at"]))
    step, channel = document["input"]
    return Cut((_count(step, 1), _count(channel, 0)), _number(document["at"]))


def _count(value: Any, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{value!r} is no whole number of at least {least}")
    return value


def _tuples(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no axis")
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value


def words(claim: Claim, task: Task) -> str:
    """The claim in a sentence."""
    ends = claim.axes.get("range")
    limits = f", numbers from {ends[0]:g} to {ends[1]:g}" if ends else ""
    arithmetic = "exact real arithmetic" if claim.semantics == ("real",) else f"IEEE {claim.dtype} arithmetic"
    rows = lengths_words(task, claim.lengths)
    return f"{claim.task}{limits}, rows {rows}: error at most {rounded_up(claim.error)}, in {arithmetic}"


def lengths_words(task: Task, lengths: Lengths) -> str:
    """Which rows are meant: "of exactly 10 steps", "of up to 10 steps", "of every length"."""
    if lengths.kind == "exactly":
        several = f"{task.shortest} to {task.longest}" if task.shortest < task.longest else f"exactly {task.longest}"
        return f"of {several} steps"
    early = f", answers from step {lengths.first} on" if lengths.first > 1 else ""
    return ("of every length" if lengths.last is None else f"of up to {lengths.last} steps") + early
