"""Mutated certificates of networks for which they were accepted: refused, or accepted with a claim that is true.

An accepted mutation is true where the original implies it: the same rows or fewer, at least its error. Where it claims
more (a smaller error, other rows, a lower threshold), only the checker says so; then the adversary looks for a row
on which the claim fails, as the network runs, and for exact arithmetic by a rigorous replay of that row. What it
finds makes the claim untrue; what it does not find is counted as attacked.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from attacks import mutations, workers
from holdfast.certification.certificate import Certificate

TRIES, SECONDS = 2_000, 3.0
"""For every claim that its original does not imply."""
ROWS, STEPS = 256, 12
"""Rows on which a threshold of exact recall is tried."""


def run(folder: Path, count: int, seed: int, only: str = "") -> dict[str, workers.Tally]:
    """``count`` cases in all, the same number for every original certificate."""
    numbers = sorted(int(path.stem.split("-")[1]) for path in folder.glob("certified-*.json"))
    found = {}
    for place, number in enumerate(numbers):
        cases = range(count * place // len(numbers), count * (place + 1) // len(numbers))
        name = f"certificate {number}"
        if not only or only == name:
            (folder / f"accepted-{number}").mkdir(exist_ok=True)
            found[name] = workers.run(case(folder, number, seed), cases, lambda number=number: _prepare(folder, number))
    claims = sorted(folder.glob("accepted-*/*.json"))
    if claims:
        found["accepted claims"] = workers.run(_truth(folder, claims), range(len(claims)), patience=30 * SECONDS)
    return found


def case(folder: Path, number: int, seed: int) -> workers.Act:
    original, networks = json.loads((folder / f"certified-{number}.json").read_text()), {}

    def act(drawn: int) -> Callable[[], str]:
        stream = random.Random(f"{seed} certificate {number} {drawn}")
        text = (mutations.of_json if stream.random() < 0.5 else mutations.of_number)(stream, original)
        place = folder / f"case-{os.getpid()}.json"
        place.write_bytes(text.encode("utf-8", "surrogatepass"))

        def check() -> str:
            from holdfast.certification.certificate import load, parse, words
            from holdfast.certification.check import check, task_of

            document = load(place)
            if not networks:
                networks[number] = _network(folder, number)
            if not check(document, networks[number]).accepted:
                return "not accepted"
            words(parse(document).claim, task_of(parse(document).claim))
            if parse(document) == parse(original):
                return "unchanged"
            (folder / f"accepted-{number}" / f"{drawn}.json").write_bytes(place.read_bytes())
            return "accepted"

        return check

    return act


def _network(folder: Path, number: int) -> Any:
    from holdfast.verbs._network import open_network

    return open_network(str(folder / f"certified-{number}.safetensors"))[0]


def _prepare(folder: Path, number: int) -> None:
    from holdfast.certification.check import check

    check(json.loads((folder / f"certified-{number}.json").read_text()), _network(folder, number))


def _truth(folder: Path, claims: list[Path]) -> workers.Act:
    """Whether the claim of an accepted mutation is true, as far as anybody can tell."""
    known: dict[str, str] = {}

    def act(place: int) -> Callable[[], str]:
        def judge() -> str:
            from holdfast.certification.certificate import load, parse

            number = int(claims[place].parent.name.split("-")[1])
            changed, original = parse(load(claims[place])), parse(load(folder / f"certified-{number}.json"))
            if implied(changed, original):
                return "implied"
            key = f"{number} {changed.claim} {changed.exact_above}"
            if key not in known:
                known[key] = "untrue" if refuted(changed, _network(folder, number)) else "attacked"
            return known[key]

        return judge

    return act


def implied(changed: Certificate, original: Certificate) -> bool:
    """Whether the original's claim contains the changed one's."""
    same = {f.name for f in fields(changed.claim)} - {"error", "least_steps", "axes"}
    one, other = changed.claim, original.claim
    rows = [
        {name: v for name, v in claim.axes.items() if name not in ("tolerance", "accuracy")} for claim in (one, other)
    ]
    exact = changed.exact_above is None or (
        original.exact_above is not None and changed.exact_above >= original.exact_above
    )
    return (
        all(getattr(one, name) == getattr(other, name) for name in same)
        and rows[0] == rows[1]
        and one.error >= other.error
        and one.least_steps >= other.least_steps
        and exact
    )


def refuted(certificate: Certificate, network: Any) -> bool:
    """Whether a row is found on which the claim fails."""
    from holdfast.certification.check import task_of
    from holdfast.certification.refute import refute
    from holdfast.certification.replay import errs_exactly

    claim = certificate.claim
    task = task_of(claim)
    found = refute(network, task.scenario(), claim.lengths, claim.error, tries=TRIES, seconds=SECONDS)
    if found.found and (claim.semantics == ("ieee",) or errs_exactly(network, found, claim.error)):
        return True
    return certificate.exact_above is not None and not recalls_exactly(network, task, certificate.exact_above)


def recalls_exactly(network: Any, task: Any, threshold: float) -> bool:
    """Whether on random rows of ``recall`` every number of at least this size comes back bit for bit."""
    import numpy as np

    from holdfast.engine.unroll import unroll

    random = np.random.default_rng(1)
    low, high = task.range
    inputs = random.uniform(low, high, (ROWS, STEPS, 1)).astype(network.dtype)
    limit = max(abs(low), abs(high))
    sizes = np.maximum(threshold, limit * 10.0 ** random.uniform(-40, 0, ROWS))
    kept = np.where(random.random(ROWS) < 0.5, sizes, -sizes).clip(low, high).astype(network.dtype)
    inputs[:, task.position - 1, 0] = kept
    outputs = np.asarray(unroll(network, inputs)[0])[:, task.position - 1 :, 0]
    return bool((outputs == kept[:, None])[np.abs(kept) >= threshold].all())
