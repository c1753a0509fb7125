"""``holdfast.test``: evaluate a model on fresh sequences, also at lengths it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from holdfast.core import values
from holdfast.core.errors import BadValue
from holdfast.verbs import _arguments as arguments
from holdfast.verbs._arguments import PathLike
from holdfast.verbs._network import GivenNetwork, given_network

if TYPE_CHECKING:
    from holdfast.core.task import Task
    from holdfast.tasks import Dataset
    from holdfast.training.judge import Evaluation


def test(
    network: PathLike | object,
    task: Task | type[Task] | Dataset | str | None = None,
    *,
    lengths: str | Sequence[int] | None = None,
    sequences_per_length: int = 2560,
    by: str | Sequence[str] | None = None,
    seed: int = 0,
    **axes: Any,
) -> Evaluation:
    """Evaluate a model on fresh sequences of a task, at each of ``lengths`` (default: the task's own).

    ``network`` is the path of a file, a ``Network``, or any object that ``as_model`` takes; ``task`` is a name or a
    ``Task`` (default: the one that the network in the file was made for); other keywords are axes of the task.
    Next to the sampled figures stands what a short adversarial search found. ``by`` adds figures by the ``position`` of
    the scored step, by ``query`` (the first, second ... scored step of a row) or by ``gap`` (how many steps ago the
    symbol that is asked for was read): one of these words, or several.
    Raises ``BadValue`` if no task is known or the sizes do not fit, ``BadFile`` where the file cannot be read.
    """
    from holdfast.certification.attack import attack
    from holdfast.training.judge import judge

    given = given_network(network)
    tasks = _tasks(given, task, lengths, axes)
    return judge(
        given.model_for(tasks[0].inputs),
        tasks,
        sequences=arguments.whole("sequences-per-length", sequences_per_length),
        seed=arguments.whole("seed", seed, least=0),
        file=given.path,
        attack=attack,
        by=tuple(dict.fromkeys(arguments.names_in("by", by or ()))),
    )


def _tasks(
    given: GivenNetwork,
    task: Task | type[Task] | Dataset | str | None,
    lengths: str | Sequence[int] | None,
    named: dict[str, Any],
) -> list[Task]:
    """The task with these axes, at every one of the lengths."""
    from holdfast.core.origin import task_of
    from holdfast.verbs._request import choose_task, made_task

    own = task_of(given.origin)
    if task is None and not own:
        raise BadValue(f"{given.name} does not record the task it was made for.", "Give one: --task recall.")
    choice = choose_task(task, own, given.name)
    (given_axes,) = arguments.divided(
        "test", named, arguments.axes_of(choice.kind), own=("task", "lengths", "sequences_per_length", "by", "seed")
    )
    axes = choice.axes | given_axes
    if not lengths:
        return [made_task(choice.kind, axes)]
    if axes.get("sequences"):
        raise BadValue(
            "--lengths needs a task of any length, but this one is a list of given sequences.", "Leave --lengths out."
        )
    return [made_task(choice.kind, {**axes, choice.kind.length_axis: length}) for length in _lengths(lengths)]


def _lengths(given: str | Sequence[int]) -> list[int]:
    try:
        return [int(part) if isinstance(given, str) else values.taken(int, part) for part in _parts(given)]
    except (ValueError, TypeError):
        shown = f"'{given}'" if isinstance(given, str) else values.got(given)
        raise BadValue(f"--lengths is {shown}, expected whole numbers separated by commas.", "Try 10,100.") from None


def _parts(given: str | Sequence[int]) -> Sequence[Any]:
    return given.split(",") if isinstance(given, str) else list(given)
