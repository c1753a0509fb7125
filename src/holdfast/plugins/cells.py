"""All laws of a cell, in the order in which they depend on each other, and the fast ones among them."""

from __future__ import annotations

from collections.abc import Callable

import jax

from holdfast.plugins import cell_laws as laws
from holdfast.plugins.bounds_laws import bounds_contain_numbers
from holdfast.plugins.laws import LawResult, judged

LAWS: dict[str, Callable[[str], str | None]] = {
    "names": laws.names_fit_together,
    "alphabet": laws.the_step_is_in_the_alphabet,
    "step": laws.the_step_gives_what_it_declares,
    "description": laws.the_description_is_whole,
    "equation": laws.equation_says_what_is_computed,
    "finite gradient": laws.the_gradient_is_finite,
    "gradient": laws.gradients_are_finite_differences,
    "batch": laws.batch_is_singles,
    "pieces": laws.chunks_are_the_whole,
    "units": laws.relabelling_commutes,
    "bounds": bounds_contain_numbers,
}
QUICK = ("names", "alphabet", "step", "finite gradient", "batch")
GROUNDS = ("names", "alphabet", "step")
"""If one of these laws fails, the others are not applicable."""


def check(name: str, file: str, chosen: tuple[str, ...] = tuple(LAWS)) -> list[LawResult]:
    """Apply the laws ``chosen`` to the cell ``name``, which is defined in ``file``, in float64."""
    found: list[LawResult] = []
    with jax.enable_x64(True):
        for law in chosen:
            found.append(judged(law, lambda act=LAWS[law]: act(name), file))
            if law in GROUNDS and found[-1].fails:
                break
    return found
