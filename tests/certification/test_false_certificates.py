"""Nothing untrue is proved any more of the networks of which it once was, and those certificates are refused."""

from __future__ import annotations

import math

import pytest

from holdfast.alphabet.enclosures.rounding import ACCURACIES
from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.certification.refute import refute
from holdfast.certification.weights import fingerprint
from holdfast.core.fields import plain
from tests.certification.false_certificates import FalseCertificate, false_certificates

CASES = list(false_certificates())


def forged(case: FalseCertificate, kind: str, method: dict, settled: int | None) -> dict:
    """A certificate of the bound that was proved, with the assumptions of today's checker."""
    lengths = case.task.lengths(kind)
    axes = {name: list(value) if isinstance(value, tuple) else value for name, value in plain(case.task).items()}
    return {
        "format": "holdfast-certificate-2",
        "holdfast": "0.1.0",
        "verdict": "proved",
        "claim": {
            "task": case.task.name,
            "axes": axes,
            "error": float(case.proved).hex(),
            "semantics": case.semantics,
            "dtype": "float32",
            "lengths": kind,
            "first_step": lengths.first,
            "last_step": lengths.last,
        },
        "network": fingerprint(case.network),
        "cuts": [None],
        "method": {"precision_bits": 128, "symbols": 0, "inputs": False, "widen_after": None, "widen_by": "0",
                   "widen_to": None, **method},
        "settled": settled,
        "exact_above": None,
        "assumptions": list(ACCURACIES["float32"].words(())) if case.semantics == "ieee" else [],
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_error_that_the_network_makes_is_measured(case):
    found = refute(case.network, case.task.scenario(), case.task.lengths("up to"), math.inf, tries=3000)
    assert not found.error < case.measured
    assert case.measured > case.proved


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("kind", ["exactly", "up to"])
def test_nothing_below_it_is_proved(case, kind):
    proof = prove(
        case.network,
        case.task,
        lengths=case.task.lengths(kind),
        tolerance=case.proved * 1.02 if case.name != "W" else 0.5,
        semantics=case.semantics,
        seconds=8,
    )
    assert proof.verdict != "proved"
    assert not proof.reached.error < case.measured


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_its_certificate_is_refused(case):
    assert not check(forged(case, "exactly", {}, None), case.network).accepted
    assert not check(forged(case, "up to", {}, None), case.network).accepted
    if case.name == "W":
        by_hand = check(forged(case, "any", {"widen_after": 0}, 3), case.network)
        assert "the error is only known to be at most" in by_hand.reason
