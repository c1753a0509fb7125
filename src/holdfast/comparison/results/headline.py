"""The title of a comparison and its answer in one sentence, from its intervals and verdicts.

A difference is named only where the intervals of two success rates do not overlap. Each interval holds for all learning
rates that were tried (see ``summary``), so the choice of the best one does not make a difference. Two intervals at 95 %
that do not overlap are more evidence than a test of the difference at 5 % asks for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from holdfast.comparison.results.answer import Answer
from holdfast.comparison.results.curves import name
from holdfast.comparison.results.summary import Summary

NAMED = 3
"""At most so many cells are named in a list."""


def title(found: Answer) -> str:
    """The question of the study; without one, what was compared: ``lstm and gru on recall, over lags of 10 to 30
    steps``."""
    if found.study.question:
        return found.study.question
    lines = found.results.summary
    if not lines:
        return f"The comparison {found.study.name}"
    cells, tasks = (list(dict.fromkeys(line[axis] for line in lines)) for axis in ("cell", "task"))
    lags = sorted({line["lag_steps"] for line in lines})
    over = f"a lag of {lags[0]:,} steps" if len(lags) == 1 else f"lags of {lags[0]:,} to {lags[-1]:,} steps"
    return f"{_listed(cells, 6)} on {_listed(tasks, 6)}, over {over}"


def headline(found: Answer) -> str:
    """The answer in one sentence."""
    results = found.results
    if not results.summary:
        return "No network has been trained yet."
    text = _difference(results.summary)
    if results.done < results.of:
        return f"So far, with {results.done:,} of {results.of:,} networks trained, {text}."
    text = text[0].upper() + text[1:]
    return f"{text}; {_claims(found)}." if found.verdicts else f"{text}."


def _claims(found: Answer) -> str:
    verdicts = found.verdicts or ()
    if len(verdicts) == 1:
        return f"the claim “{verdicts[0].claim}” {_is(verdicts[0].verdict, 1)}"
    counts = Counter(verdict.verdict for verdict in verdicts)
    words = [
        f"{count} {_is(word, count)}" for word in ("holds", "does not hold", "undecided") if (count := counts[word])
    ]
    return f"of {len(verdicts)} claims {_listed(words, len(words))}"


def _is(verdict: str, count: int) -> str:
    one = {"holds": "holds", "does not hold": "does not hold", "undecided": "is undecided"}
    several = {"holds": "hold", "does not hold": "do not hold", "undecided": "are undecided"}
    return (one if count == 1 else several)[verdict]


def _difference(lines: Sequence[Summary]) -> str:
    """The difference at the longest lag at which there is one; of several tasks, of the first that has one."""
    tasks = list(dict.fromkeys(line["task"] for line in lines))
    where = {task: f"on {task}, " if len(tasks) > 1 else "" for task in tasks}
    groups = [[x for x in lines if (x["task"], x["lag_steps"]) == key] for key in _by_lag(lines)]
    for group in groups:
        best = max(group, key=lambda line: (line.interval[0], line.solved / line.of))
        worse = [line for line in group if line.interval[1] < best.interval[0]]
        if worse:
            return f"{where[best['task']]}at lag {best['lag_steps']:,} {_better(best, worse, group, lines)}"
    first = groups[0]
    at = f"{where[first[0]['task']]}at lag {first[0]['lag_steps']:,}"
    if len(first) > 1:
        shown = _listed([f"{_share(line)} by {_name(line, lines)}" for line in first], NAMED)
        return f"no difference is established, since at every lag the 95 % intervals overlap ({at}: solved in {shown})"
    learned = next((group[0] for group in groups if 2 * group[0].solved >= group[0].of), None)
    if learned is None:
        best = max(lines, key=lambda line: line.solved / line.of)
        return f"no lag is learned by half of the networks of {_name(best, lines)} (at most {_share(best)})"
    return f"the longest lag that {_name(learned, lines)} learns is {learned['lag_steps']:,} steps ({_share(learned)})"


def _by_lag(lines: Sequence[Summary]) -> list[tuple[str, int]]:
    """Every task and lag: the tasks in their order, the longest lag first."""
    tasks = list(dict.fromkeys(line["task"] for line in lines))
    keys = {(line["task"], line["lag_steps"]) for line in lines}
    return sorted(keys, key=lambda key: (tasks.index(key[0]), -key[1]))


def _better(best: Summary, worse: list[Summary], group: list[Summary], lines: Sequence[Summary]) -> str:
    others = [line for line in group if line is not best and line not in worse]
    text = f"{_name(best, lines)} solves the task more often ({_share(best)}) than "
    text += _listed([f"{_name(line, lines)} ({line.solved} of {line.of})" for line in worse], NAMED)
    if others:
        names = _listed([_name(line, lines) for line in others], NAMED)
        text += f", and cannot be distinguished from {names}"
    return text


def _share(line: Summary) -> str:
    low, high = (f"{100 * end:.0f}" for end in line.interval)
    return f"{line.solved} of {line.of} networks, {low} to {high} %"


def _name(line: Summary, lines: Sequence[Summary]) -> str:
    several = len({other["units"] for other in lines}) > 1
    return name(line, lines) + (f" with {line['units']} units" if several else "")


def _listed(words: Sequence[str], most: int) -> str:
    """
    >>> _listed(["a", "b", "c"], 3), _listed(["a", "b", "c", "d"], 3), _listed(["a"], 3)
    ('a, b and c', 'a, b and 2 others', 'a')
    """
    if len(words) > most:
        words = [*words[: most - 1], f"{len(words) - most + 1} others"]
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
