"""One trial: several networks trained with one setting, and the score by which settings are ordered."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import msgspec

from holdfast.core.documents import convert
from holdfast.core.errors import BadFile
from holdfast.core.fields import field_infos
from holdfast.core.rates import Rate
from holdfast.core.results import finite
from holdfast.core.values import got
from holdfast.training.result import Training
from holdfast.training.settings import Settings
from holdfast.tuning.search import SEARCHED, Search


@dataclass(frozen=True)
class Trial:
    """The result of one setting. ``values`` are those of the searched fields, by their names in ``Settings``. ``of``
    networks were trained, fewer than the search asks for if the trial was pruned.
    ``sequences`` are the sequences to success of every network that solved the task, in increasing order. ``loss`` is
    the median final loss, in nats or squared units of the target (NaN: training diverged)."""

    number: int
    values: Mapping[str, Any]
    weights: int
    solved: int
    of: int
    sequences: tuple[int, ...]
    loss: float
    seed: int

    @property
    def rate(self) -> Rate:
        return Rate(self.solved, self.of)

    @property
    def median(self) -> float | None:
        return float(statistics.median(self.sequences)) if self.sequences else None

    def pruned(self, search: Search) -> bool:
        """Whether the trial was ended before all of its networks were trained."""
        return self.of < search.base.seeds

    def solves(self, search: Search) -> bool:
        """Whether the setting solves the task. A pruned trial does not."""
        return not self.pruned(search) and search.solves(self.rate)

    def score(self, search: Search) -> float:
        """The objective of the search, to be minimised. It orders settings as follows. A setting that solves the task
        comes before any that does not. Of two that solve it, the one with fewer weights is better, then the one with
        fewer sequences to success. Of two that do not, the one with more solving networks is better, then the one with
        the smaller loss. Networks that were not trained count as not solving."""
        if self.solves(search):
            assert self.median is not None
            return self.weights + self.median / (2 * search.base.budget + 1)
        return search.most_weights + 1 + (search.base.seeds - self.solved) + loss_share(self.loss)

    def budget(self, search: Search) -> int | None:
        """The smallest number of sequences after which enough networks had solved the task; None if never."""
        for enough in range(1, len(self.sequences) + 1):
            if search.solves(Rate(enough, self.of)):
                return self.sequences[enough - 1]
        return None

    def as_json(self) -> dict[str, object]:
        return {
            "trial": self.number,
            **self.values,
            "weights": self.weights,
            "solved": self.solved,
            "of": self.of,
            "interval": list(self.rate.interval),
            "sequences": self.median,
            "loss": finite(self.loss),
            "seed": self.seed,
        }

    def stored(self) -> dict[str, object]:
        """The trial as stored in a study; ``from_stored`` reads it."""
        return {**asdict(self), "values": dict(self.values), "loss": finite(self.loss)}

    @staticmethod
    def from_stored(document: Any, where: str = "a trial of this study") -> Trial:
        """The trial in a document of ``stored``. ``where`` names the storage. Raises ``BadFile`` if it is invalid."""
        stored = msgspec.structs.asdict(convert(document, _Stored, where))
        known = field_infos(Settings)
        for name, value in stored["values"].items():
            if name not in (*SEARCHED, "update"):
                raise BadFile(f"{where}: its values have the field {got(name)}, which is not in the search space.")
            if why := known[name].wrong(value):
                raise BadFile(f"{where}: {name} {why}.")
        return Trial(**{**stored, "loss": math.nan if stored["loss"] is None else stored["loss"]})


Count = Annotated[int, msgspec.Meta(ge=0)]


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of a ``Trial`` in a storage; a loss of NaN is null."""

    number: Count
    values: dict[str, Any]
    weights: Count
    solved: Count
    of: Count
    sequences: tuple[Count, ...]
    loss: float | None
    seed: Count


def loss_share(loss: float) -> float:
    """The loss on a scale from 0 to 1; 1 if training diverged."""
    return loss / (1 + loss) if math.isfinite(loss) else 1.0


def trial_of(search: Search, number: int, values: Mapping[str, Any], done: Training) -> Trial:
    """The trial of a finished training."""
    losses = sorted(o.loss for o in done.outcomes if math.isfinite(o.loss))
    diverged = len(losses) <= len(done.outcomes) // 2
    s = done.settings
    return Trial(
        number,
        dict(values),
        search.weights(s.units, s.layers),
        done.rate.solved,
        done.rate.of,
        tuple(sorted(o.sequences for o in done.outcomes if o.solved)),
        math.nan if diverged else statistics.median(losses),
        s.seed,
    )
