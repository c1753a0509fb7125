"""The help of the command as a whole: its verbs by purpose, in the order in which people use them."""

from __future__ import annotations

import sys

from holdfast.core.registry import Folder
from holdfast.core.text import width_of, wrapped

PURPOSES = {
    "start here": ("demo", "show", "list"),
    "learn weights": ("train", "tune", "compare"),
    "construct weights": ("construct",),
    "judge a network": ("test", "certify", "check", "refute"),
    "see how it remembers": ("explain", "lab"),
    "exchange networks": ("import", "export"),
    "this installation": ("doctor", "check-plugin"),
}
"""The verbs by purpose. A verb that is in none of them is shown last."""


def by_purpose(verbs: list[str]) -> dict[str, list[str]]:
    """Every one of ``verbs`` under its purpose."""
    known = {verb for listed in PURPOSES.values() for verb in listed}
    found = {purpose: [verb for verb in listed if verb in verbs] for purpose, listed in PURPOSES.items()}
    found["others"] = [verb for verb in verbs if verb not in known]
    return {purpose: listed for purpose, listed in found.items() if listed}


def _line(name: str, sentence: str, indent: int = 16) -> str:
    """A name and what it means, in a column of its own; without a name a sentence alone."""
    start = f"  {name}".ljust(indent) if name else ""
    return wrapped(sentence, width_of(sys.stdout, 120), start, " " * len(start))


def overview(verbs: Folder) -> str:
    """What ``holdfast --help`` prints."""
    lines = [_line("", "holdfast: a memory laboratory for recurrent neural networks."), "", "usage: holdfast VERB ..."]
    for purpose, listed in by_purpose(verbs.names()).items():
        lines += ["", f"{purpose}:", *(_line(verb, verbs.sentence(verb)) for verb in listed)]
    lines += [
        "",
        _line("holdfast help VERB", "the arguments of a verb, with examples (also: holdfast VERB --help)", 25),
        _line("holdfast --version", "the version (also: -V)", 25),
        "",
        "examples:",
        "  holdfast demo",
        "  holdfast train recall --steps 30 --cell gru --seeds 4",
        "",
        _line("", "completion of words by the Tab key, in bash and zsh:"),
        '  eval "$(register-python-argcomplete holdfast)"',
        "",
    ]
    return "\n".join(lines)
