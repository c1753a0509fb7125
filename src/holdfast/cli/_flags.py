"""Flags that are the same words in every verb."""

from __future__ import annotations

from holdfast.cli._parser import GIVEN_ONLY, Parser, at_least_zero
from holdfast.core.errors import BadValue
from holdfast.core.fields import described


def add_common(parser: Parser) -> None:
    add_seed(parser)
    add_threads(parser)


def add_seed(parser: Parser) -> None:
    options = {"default": 0, "metavar": "N", "help": "the root of all randomness (default: 0)"}
    parser.add_argument("--seed", type=at_least_zero, **options)


def add_threads(parser: Parser) -> None:
    parser.flag("threads", int, help="cores to use (default: all)")


def add_json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def check_threads(threads: int | None) -> None:
    if threads is not None and threads < 1:
        raise BadValue(f"--threads is {threads}, expected at least 1.", "Leave it out to use every core.")


def add_settings(parser: Parser) -> None:
    """What a training is made of; only what the user gives is in the result, the rest is ``Settings``' own."""
    group = {"default": GIVEN_ONLY}
    parser.flag("cell", help="lstm, gru, elman, feedforward, ... (default: lstm)", **group)
    parser.flag("units", int, help="hidden units per layer (default: 32)", **group)
    parser.flag("layers", int, help="cells stacked (default: 1)", **group)
    parser.flag(
        "initialisation",
        help="keras or pytorch, +orthogonal, +identity, +forget=X, +chrono[=STEPS] (default: auto)",
        **group,
    )
    parser.flag("update", choices=("step", "sequence", "batch"), help="when weights change (default: batch)", **group)
    parser.flag("batch", int, help="sequences per update (default: 32; given sequences: all)", **group)
    parser.flag("order", choices=("fixed", "shuffled"), help="order of given sequences (default: fixed)", **group)
    parser.flag("truncate", int, help="cut the gradient between windows of N steps (default: never)", **group)
    parser.flag("learning-rate", float, help="Adam's (default: 0.01)", **group)
    parser.flag("clip", help="largest norm of the gradient, or 'none' (default: 1)", **group)
    parser.flag("budget", int, help="sequences per network at most (default: 100000)", **group)
    parser.flag("check-every", int, help="sequences between checks (default: budget/100, at least 1000)", **group)
    parser.flag("seeds", int, help="how many networks (default: 10)", **group)
    parser.flag("engine", help="native, xla or auto, the fastest there is (default: auto; see 'doctor')", **group)
    parser.flag("seed", int, help="the root of all randomness (default: 0)", **group)


def given_settings(given: dict) -> dict:
    """The settings among the parsed arguments, ready for ``Settings``."""
    from dataclasses import fields

    from holdfast.train.settings import Settings

    found = {
        field.name: given[field.name] for field in fields(Settings) if field.name in given and field.name != "task"
    }
    if "clip" in found:
        found["clip"] = clip(found["clip"])
    return found


def clip(text: str) -> float | None:
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise BadValue(f"--clip is '{text}', expected a positive number or 'none'.") from None


def given_axes(task: type, given: dict) -> dict:
    """The axes of ``task`` among the parsed arguments."""
    return {name: given[name] for name in described(task) if name in given}
