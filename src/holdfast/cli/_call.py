"""A command calls the function of its verb with the values of its flags, and prints the result."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from holdfast.cli._output import print_json
from holdfast.core.results import Part


class Printed(Protocol):
    """What every verb returns."""

    def as_json(self) -> Mapping[str, object]: ...

    def parts(self) -> list[Part]: ...


Outcome = TypeVar("Outcome", bound=Printed)


def call(verb: Callable[..., Outcome], args: Namespace, **more: Any) -> Outcome:
    """The result of ``verb``, printed as text, or as one document with --json. Every flag is a keyword of the function,
    under its own name."""
    from holdfast.engine.compiled import keep_compiled_programs

    keep_compiled_programs()
    given = vars(args)
    as_json = given.pop("json")
    result = verb(**given, **more)
    print_result(result, as_json)
    return result


def print_result(result: Printed, as_json: bool) -> None:
    """Print a result as text, or as one document."""
    if as_json:
        print_json(result.as_json())
    else:
        from holdfast.report.terminal import draw

        draw(result.parts())
