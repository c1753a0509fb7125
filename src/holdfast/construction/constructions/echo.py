"""The first symbol again: a latch for it, and for given sequences a unit for each symbol that is read now.

    read         3  0  1  2      4  0  1  2
    first is 3   1  1  1  1      0  0  0  0      written at step 1 only
    now 2        0  0  0  1      0  0  0  1
    answer       0  1  2  3      0  1  2  4      '3' where first is 3 and now is 2: a threshold on their sum

Random sequences: the first symbol s of S is kept as its level -1 + 2 s/(S-1), written when a first symbol is read, or,
where distractors look the same, before ``started``; the nearest level's score 2 l m - l^2 is the largest. Given
sequences: each answer has to be a threshold on (first, now); the thresholds come from a linear program.
"""

from __future__ import annotations

import itertools

from holdfast.construction.program import Condition, RegisterProgram, StepContext, Sum
from holdfast.construction.threshold import Situation, separate
from holdfast.core.errors import BadValue
from holdfast.tasks.echo import Echo

SILENT = -4.0
"""The score of a symbol that is never the answer. The score of the right level is at least 0; this is lower by the
largest squared distance of two levels."""


def program(task: Echo, cell: str) -> RegisterProgram:
    """A program with a latch for the first symbol and, for given sequences, the current symbol."""
    return _given(task) if task.sequences else _random(task)


def _random(task: Echo) -> RegisterProgram:
    made = RegisterProgram()
    names = [f"symbol {s}" for s in task.alphabet]
    features = made.symbols(*names)
    levels = [-1 + 2 * s / (task.symbols - 1) for s in range(task.symbols)]
    value = sum((feature * level for feature, level in zip(features, levels, strict=False)), Sum({}))
    if task.variant == "apart":
        written = made.reads(names[0])
        for name in names[1 : task.symbols]:
            written = written | made.reads(name)
    else:
        written = ~made.flag("started", after=1)
    kept = made.latch("first symbol", value, when=written, writes=1)
    scores = [kept * (2 * level) - level**2 for level in levels]
    silent = [Sum({}, SILENT)] * (len(task.alphabet) - task.symbols)
    made.choose(scores + silent, gap=(levels[1] - levels[0]) ** 2)
    return made


def _given(task: Echo) -> RegisterProgram:
    assert task.sequences is not None
    made = RegisterProgram()
    features = dict(zip(task.alphabet, made.symbols(*(f"symbol {s}" for s in task.alphabet)), strict=True))
    started = made.flag("started", after=1)
    firsts = sorted({words[0] for words in task.sequences})
    read = sorted({word for words in task.sequences for word in words[:-1]})
    kept = {f"first is {s}": made.latch(f"first is {s}", features[s], when=~started, writes=1) for s in firsts}
    now = {f"now {s}": made.latch(f"now {s}", features[s]) for s in read}
    answers = _answers(task)
    scores = []
    for symbol in task.alphabet:
        situations = [
            Situation(_shown((*kept, *now), first, here), StepContext(0, {"next": float(symbol in right)}))
            for (first, here), right in answers.items()
        ]
        found = separate(situations, Condition(f"'{symbol}' is next", _is_next), high=1.0, low=-1.0)
        if found is None:
            raise BadValue(f"echo: no threshold on the first and the current symbol predicts '{symbol}'.")
        scores.append(sum(((kept | now)[n] * w for n, w in found.weights.items()), Sum({}, found.bias)))
    made.choose(scores, gap=2.0)
    return made


def _shown(names: tuple[str, ...], first: str, here: str) -> dict[str, tuple[float, float]]:
    """The values of the registers for this first and this current symbol."""
    on = (f"first is {first}", f"now {here}")
    return {name: (float(name in on), float(name in on)) for name in names}


def _is_next(now: StepContext) -> bool:
    return now.marks["next"] == 1


def _answers(task: Echo) -> dict[tuple[str, str], set[str]]:
    """The symbols that come next, by the first and the current symbol."""
    found: dict[tuple[str, str], set[str]] = {}
    for words in task.sequences or ():
        for here, then in itertools.pairwise(words):
            found.setdefault((words[0], here), set()).add(then)
    for (first, here), right in found.items():
        if len(right) > 1:
            raise BadValue(
                f"echo: after first '{first}', '{here}' is followed by {' and by '.join(sorted(right))}; this "
                "construction reads only the first and the current symbol.",
                "Give sequences in which these two determine the next symbol.",
            )
    return found
