"""What XLA compiles are the operations that a step says: its algebraic simplifier replaces none by another one.

A step compiled as a whole gives the same bits as its words compiled one by one. Steps in which a product is added to
something (by a function of its result, too) are left out: whether these two are fused is free in the rules of rounding.
So is whether a quotient whose divisor is the same for several components is computed as a product by the reciprocal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import alphabet
from holdfast.core.ops import Word
from holdfast.engine.readings.numbers import Numbers

Step = Callable[..., Any]
STEPS: dict[str, Step] = {
    "(a/b)/c": lambda o, a, b, c: o.divide(o.divide(a, b), c),
    "a/(b/c)": lambda o, a, b, c: o.divide(a, o.divide(b, c)),
    "(a/b)/(b/c)": lambda o, a, b, c: o.divide(o.divide(a, b), o.divide(b, c)),
    "a/exp(b)": lambda o, a, b, c: o.divide(a, o.exp(b)),
    "exp(a)/exp(b)": lambda o, a, b, c: o.divide(o.exp(a), o.exp(b)),
    "exp(a)*exp(b)": lambda o, a, b, c: o.multiply(o.exp(a), o.exp(b)),
    "a/sigmoid(b)": lambda o, a, b, c: o.divide(a, o.sigmoid(b)),
    "sigmoid(a)/b": lambda o, a, b, c: o.divide(o.sigmoid(a), b),
    "share(a, b)/c": lambda o, a, b, c: o.divide(o.share(a, b), c),
    "(a/b)*b": lambda o, a, b, c: o.multiply(o.divide(a, b), b),
    "(a*b)/b": lambda o, a, b, c: o.divide(o.multiply(a, b), b),
    "(a/b)-(c/b)": lambda o, a, b, c: o.subtract(o.divide(a, b), o.divide(c, b)),
    "softplus(a)-a": lambda o, a, b, c: o.subtract(o.softplus(a), a),
    "max(a-b, b)": lambda o, a, b, c: o.maximum(o.subtract(a, b), b),
}


class OneByOne(Numbers):
    """Arithmetic by NumPy, which rounds every operation as IEEE 754 says; every function is a program of its own."""

    def apply(self, word: Word, *operands: Any) -> Any:
        if word.name in ("divide", "multiply", "subtract", "maximum"):
            return word.reference(*map(np.asarray, operands))
        return scanned(word.numbers, *map(jnp.asarray, operands))


def scanned(act: Callable[..., Any], *operands: Any) -> Any:
    """As the engine computes: compiled, in a loop over the first axis."""
    body = lambda carry, rows: (carry, act(*rows))  # noqa: E731
    return jax.jit(lambda *every: jax.lax.scan(body, 0, every)[1])(*operands)


def drawn(dtype: str) -> list[Any]:
    random = np.random.default_rng(0)
    return [jnp.asarray(random.uniform(0.1, 3, (64, 32)).astype(dtype)) for _ in range(3)]


def differing(step: Step, dtype: str) -> int:
    """In how many numbers the whole step and its words differ."""
    operands = drawn(dtype)
    whole = scanned(lambda *rows: step(Numbers(), *rows), *operands)
    return int((np.asarray(whole) != np.asarray(step(OneByOne(), *operands))).sum())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_computes_the_operations_that_it_says(step, dtype, float64):
    assert differing(STEPS[step], dtype) == 0


REWRITTEN = ("(a/b)/c", "a/(b/c)", "a/exp(b)", "exp(a)*exp(b)", "a/sigmoid(b)")


@pytest.mark.parametrize("step", REWRITTEN)
def test_without_the_barriers_another_step_would_be_seen(step, float64, monkeypatch):
    bare = {"exp": jnp.exp, "divide": lambda a, b: a / b}
    real = alphabet.get
    monkeypatch.setattr(
        alphabet, "get", lambda name: replace(real(name), numbers=bare[name]) if name in bare else real(name)
    )
    assert differing(STEPS[step], "float32") > 0


NORMS = ("rms_normalise", "normalise")


def norms(act: Callable[..., Any], dtype: str) -> tuple[Any, Any]:
    """Vectors of 4 whole numbers over their norm, a head of 8 at a time, and times another number: what XLA computes,
    and NumPy with a quotient and with a product by the reciprocal. Their sums of squares are exact in any order."""
    random = np.random.default_rng(0)
    a = random.integers(-1000, 1000, (64, 8, 4)).astype(dtype)
    b = random.uniform(0.1, 3, (64, 8, 1)).astype(dtype)
    got = np.asarray(scanned(lambda a, b: act(a) * b, jnp.asarray(a), jnp.asarray(b)))
    squares = (a * a).sum(-1, keepdims=True)
    root = np.sqrt(squares / 4 + np.asarray(1e-6, dtype) if act.__module__.endswith("rms_normalise") else squares)
    return got, np.stack([a / root * b, a * (1 / root) * b])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("word", NORMS)
def test_a_root_is_divided_by(word, dtype, float64):
    got, either = norms(alphabet.get(word).numbers, dtype)
    assert (got == either).any(0).all()


@pytest.mark.parametrize("word", NORMS)
def test_without_the_barrier_another_root_would_be_seen(word, float64, monkeypatch):
    monkeypatch.setattr("holdfast.alphabet.divide.numbers", lambda a, b: a / b)
    got, either = norms(alphabet.get(word).numbers, "float32")
    assert not (got == either).any(0).all()
