"""What a foreign model reads and gives, found by calling it: which axis is time, and at how many steps it answers."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np

from holdfast.core.errors import BadValue

BATCH, STEPS = 2, 3
"""Of the probe: two sizes that no model can mix up."""
Run = Callable[[np.ndarray], np.ndarray]


def probe(inputs: int, dtype: np.dtype, symbols: bool, sizes: tuple[int, int] = (BATCH, STEPS)) -> np.ndarray:
    """Inputs [batch, time, input] to look at a model, of different ``sizes`` of batch and time; one-hot if it reads
    ``symbols``."""
    random = np.random.default_rng(0)
    if symbols:
        return np.eye(inputs, dtype=dtype)[random.integers(inputs, size=sizes)]
    return random.standard_normal((*sizes, inputs)).astype(dtype)


def whole_sequences(run: Run, given: np.ndarray, numbers: ModuleType = np) -> Run:
    """``run`` as a function from inputs [batch, time, input] to outputs [batch, time, output].

    It may read time first, and may answer at the last step alone; it is then called with the sequence up to every
    step. ``given`` is a ``probe``, ``numbers`` the module for arrays, NumPy or ``jax.numpy``. A model that reads
    neither way is returned as it is: ``from_function`` then raises the error.
    """
    for arrange in (lambda x: x, lambda x: numbers.asarray(x.swapaxes(0, 1), order="C")):
        try:
            outputs = run(arrange(given))
        except Exception:  # of any kind: it is called again, and heard then
            continue
        every_step = outputs.ndim == 3
        rows = arrange(outputs) if every_step else outputs
        expected = given.shape[: 2 if every_step else 1]
        if outputs.ndim not in (2, 3) or rows.shape[: len(expected)] != expected or _mixes(run, arrange, given):
            continue
        if every_step:
            return lambda x, arrange=arrange: arrange(run(arrange(x)))
        return lambda x, arrange=arrange: numbers.stack([run(arrange(x[:, : t + 1])) for t in range(x.shape[1])], 1)
    return run


def _mixes(run: Run, arrange: Run, given: np.ndarray) -> bool:
    """Whether the outputs of a row change with the inputs of another: the first row, or the last for a model that reads
    sequences from their end."""
    before = np.asarray(run(arrange(given)))
    one_hot = set(np.unique(given)) <= {0, 1}
    rows = arrange if before.ndim == 3 else (lambda a: a)
    for changed in (0, len(given) - 1):
        other = given.copy()
        other[changed] = np.roll(given[changed], 1, -1) if one_hot else 1 - given[changed]
        after = np.asarray(run(arrange(other)))
        kept = [np.delete(rows(a), changed, 0) for a in (before, after)]
        if not np.allclose(*kept, rtol=1e-4, atol=1e-4, equal_nan=True):
            return True
    return False


def refuse_side_effects(name: str, run: Run, given: np.ndarray) -> None:
    """Raise ``BadValue`` where two calls with the same inputs give different outputs."""
    try:
        first, second = run(given), run(given)
    except Exception:  # of any kind: told by ``from_function``
        return
    if first.shape != second.shape or not np.array_equal(first, second, equal_nan=True):
        raise BadValue(
            f"{name} gives other outputs when it is called again with the same inputs: it keeps something from call to "
            "call, or draws random numbers.",
            "Give a model whose outputs depend on its inputs alone: reset its state at the start of forward, and leave "
            "out what is random.",
        )
