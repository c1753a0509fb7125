"""Training and test rows are disjoint by construction, and each half has everything that the whole has."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.core import splits

KEYS = jax.random.split(jax.random.key(0), 4000)


def drawn(length, size, split):
    return np.asarray(jax.jit(jax.vmap(lambda key: splits.symbols(key, length, size, split)))(KEYS))


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 5.0), (-7.5, -0.125)])
def test_reals_carry_their_split_in_the_last_bit(split, low, high, quick_to_compile):
    numbers = np.asarray(splits.reals(jax.random.key(1), (4000,), split, low, high))
    assert numbers.dtype == np.float32
    assert ((numbers >= low) & (numbers <= high)).all()
    assert (numbers.view(np.uint32) % 2 == (split == "test")).all()
    # Uniform: the mean of 4000 is within five standard errors of its expectation.
    assert abs(numbers.mean() - (low + high) / 2) < 5 * (high - low) / np.sqrt(12 * 4000)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(("low", "high"), [(-1.0, 2.0), (0.1, 0.7), (0.3, 0.9), (-0.7, -0.1), (-0.9, -0.3)])
def test_a_number_at_the_end_of_the_range_stays_in_it(split, low, high):
    ends = jnp.array([low, (low + high) / 2, high], jnp.float32)
    marked = np.asarray(splits.mark(ends, split, low, high))
    assert ((marked >= np.float32(low)) & (marked <= np.float32(high))).all()
    assert (marked.view(np.uint32) % 2 == (split == "test")).all()
    assert np.abs(marked - np.asarray(ends)).max() < 4e-7


@pytest.mark.parametrize(("length", "size"), [(4, 2), (3, 3), (2, 5), (6, 2)])
def test_symbols_fall_into_two_halves_that_are_all_there_is(length, size, quick_to_compile):
    halves = [{tuple(row) for row in drawn(length, size, split).tolist()} for split in ("train", "test")]
    assert not halves[0] & halves[1]
    assert halves[0] | halves[1] == set(itertools.product(range(size), repeat=length))


@pytest.mark.parametrize("split", ["train", "test"])
def test_rows_of_one_half_are_equally_likely(split, quick_to_compile):
    _, counts = np.unique(drawn(5, 2, split), axis=0, return_counts=True)
    expected = 4000 / len(counts)
    # Each count is binomial; five standard deviations.
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_long_rows_keep_to_their_half_and_vary_everywhere(quick_to_compile):
    train, test = drawn(24, 3, "train"), drawn(24, 3, "test")
    assert (np.asarray(splits.half(jnp.asarray(train))) == 0).all()
    assert (np.asarray(splits.half(jnp.asarray(test))) == 1).all()
    for rows in (train, test):
        shares = np.stack([(rows == symbol).mean(0) for symbol in range(3)])
        # A share of 4000 draws of probability 1/3: five standard errors.
        assert np.abs(shares - 1 / 3).max() < 5 * np.sqrt(2 / 9 / 4000)


@pytest.mark.parametrize(("length", "largest"), [(1, 200), (2, 14), (3, 6), (4, 4), (5, 3), (6, 2), (7, 2)])
def test_no_small_set_of_rows_has_an_empty_half(length, largest):
    """Else drawing from it would never end. Every alphabet and length with 16 rows to about 200."""
    rows = np.array(list(itertools.product(range(largest), repeat=length)), np.int32)
    of_tests = np.asarray(splits.half(jnp.asarray(rows)))
    for size in range(2, largest + 1):
        if size**length >= splits.FEWEST:
            share = of_tests[(rows < size).all(1)].mean()
            assert 0.1 < share < 0.9, f"{length} symbols out of {size}: {share:.3f} of the rows are for tests"
