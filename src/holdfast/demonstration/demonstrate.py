"""The two-sequence demonstration: what memory is for, and why an update after every step is a coin flip.

Two sequences, ``3,0,1,2,3`` and ``4,0,1,2,4``; given a symbol, predict the next. After 2 the right answer depends
on the first symbol, so only a network with memory can have both sequences right. Set-up as in a tutorial of 2017:
20 LSTM units, five sigmoid outputs, binary cross-entropy, Adam and initial weights with Keras's defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.core.losses import mean_loss
from holdfast.core.progress import Progress
from holdfast.core.rates import Rate
from holdfast.core.sequences import Words
from holdfast.demonstration.predictions import SequencePrediction, predictions
from holdfast.engine.network import Network
from holdfast.engine.reach import reach
from holdfast.engine.traced import TracedProgram
from holdfast.tasks.echo import Echo
from holdfast.training.loop import train_networks
from holdfast.training.programs import programs, training_identity
from holdfast.training.result import Training
from holdfast.training.settings import Settings

SEQUENCES: tuple[Words, ...] = (("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4"))
UNITS = 20
MOST_EPOCHS = 1000
TUTORIAL_EPOCHS = 250
CONTROL = "feedforward"


@dataclass(frozen=True)
class DemonstrationRun:
    """One network: how it was trained, the loss as it fell (epoch, nats), and every step it was asked."""

    settings: Settings
    training: Training
    network: Network
    losses: tuple[tuple[int, float], ...]
    predictions: tuple[SequencePrediction, ...]

    @property
    def solved(self) -> bool:
        return all(r.expected == r.predicted for r in self.predictions)


@dataclass(frozen=True)
class SuccessRate:
    """How many of many initialisations have every step right after so many epochs; ``reach`` is how strongly the
    loss at the last step depends on the input at each step, mean |d loss / d x_t| at the start of training, as
    this way of updating sees it."""

    update: str
    order: str
    epochs: int
    rate: Rate
    reach: tuple[float, ...]


@dataclass(frozen=True)
class Demonstration:
    """The network, the control without memory, and the success rates of both ways of updating."""

    sequences: tuple[Words, ...]
    networks: tuple[DemonstrationRun, ...]
    success_rates: tuple[SuccessRate, ...]

    @property
    def solved(self) -> bool:
        return self.networks[0].solved

    def as_json(self) -> dict[str, object]:
        """The document of ``holdfast demo --json``."""
        return {
            "networks": [
                {
                    "cell": shown.settings.cell,
                    "solved": shown.solved,
                    "units": shown.settings.units,
                    "update": shown.settings.update,
                    "order": shown.settings.order,
                    "sequences": [
                        {"input": list(r.input), "expected": list(r.expected), "predicted": list(r.predicted)}
                        for r in shown.predictions
                    ],
                    "losses": [{"epoch": epoch, "loss": loss} for epoch, loss in shown.losses],
                }
                for shown in self.networks
            ],
            "success_rates": [
                {
                    "update": s.update,
                    "order": s.order,
                    "epochs": s.epochs,
                    "solved": s.rate.solved,
                    "of": s.rate.of,
                    "interval": list(s.rate.interval),
                    "reach": list(s.reach),
                }
                for s in self.success_rates
            ],
        }


def demonstrate(
    sequences: tuple[Words, ...] = SEQUENCES,
    *,
    cell: str = "lstm",
    units: int = UNITS,
    epochs: int | None = None,
    update: str = "sequence",
    order: str = "fixed",
    learning_rate: float = 1e-3,
    initialisation: str = "keras",
    initialisations: int = 256,
    seed: int = 0,
    threads: int | None = None,
    watch: Callable[[str, Progress], None] = lambda what, progress: None,
) -> Demonstration:
    """Train the network and the control, then many initialisations of the network. With ``epochs`` every training
    lasts exactly so long; without, the network shown is trained until every step is right (at most 1000 epochs)
    and the success rates are those at 250. Raises ``BadValue`` on sequences that no network could satisfy."""
    task = Echo(sequences=sequences)
    settings = Settings(
        task,
        cell,
        units,
        initialisation=initialisation,
        update=update,
        order=order,
        learning_rate=learning_rate,
        clip=None,
        budget=(epochs or MOST_EPOCHS) * len(sequences),
        check_every=max(1, (epochs or MOST_EPOCHS) // 100) * len(sequences),
        seeds=1,
        seed=seed,
        stop="success" if epochs is None else "budget",
    )
    # The control gets the framework's plain weights: it has no gate whose bias could be set.
    control = replace(settings, cell=CONTROL, initialisation=settings.how.framework)
    shown = tuple(_show(s, threads, watch) for s in ([settings, control] if cell != CONTROL else [settings]))
    rates = []
    for way in dict.fromkeys(("step", "sequence", update)) if initialisations else ():
        many = replace(
            settings,
            update=way,
            seeds=initialisations,
            budget=(epochs or TUTORIAL_EPOCHS) * len(sequences),
            check_every=(epochs or TUTORIAL_EPOCHS) * len(sequences),
            stop="budget",
        )
        rates.append(_rate(many, threads, watch))
    return Demonstration(sequences, shown, tuple(rates))


def _show(settings: Settings, threads: int | None, watch: Callable[[str, Progress], None]) -> DemonstrationRun:
    trained = _train(settings, settings.cell, threads, watch)
    task, network = _echo(settings), trained.networks[0]
    losses = tuple((row["sequences"] // _count(settings), row["loss"]) for row in trained.history)
    return DemonstrationRun(settings, trained, network, losses, predictions(network, task))


def _train(settings: Settings, what: str, threads: int | None, watch: Callable[[str, Progress], None]) -> Training:
    trained = train_networks(settings, threads=threads, watch=lambda progress: watch(what, progress))
    if trained.interrupted:
        # A demonstration has nothing to keep: an interrupt ends it.
        raise KeyboardInterrupt
    return trained


def _rate(settings: Settings, threads: int | None, watch: Callable[[str, Progress], None]) -> SuccessRate:
    what = f"{settings.seeds} initialisations, update per {settings.update}"
    trained = _train(settings, what, threads, watch)
    epochs = settings.budget // _count(settings)
    return SuccessRate(str(settings.update), settings.order, epochs, trained.rate, _reach(settings))


def _echo(settings: Settings) -> Echo:
    assert isinstance(settings.task, Echo), "a demonstration is about given sequences"
    return settings.task


def _count(settings: Settings) -> int:
    """Sequences in an epoch."""
    return len(_echo(settings).sequences or ())


def _reach(settings: Settings) -> tuple[float, ...]:
    """mean |d loss at the last step of the first sequence / d x_t| over at most 32 first networks, for every t."""
    task = _echo(settings)
    examples = task.examples()
    assert examples is not None
    rows = examples.take(slice(0, 1))
    last = int(np.flatnonzero(rows.scored[0])[-1])
    rows = rows.arrays()
    scored = rows.scored & (np.arange(rows.scored.shape[1]) == last)
    cut = None if settings.rule.through_time else 1
    networks = programs(settings).begin(list(range(min(32, settings.seeds)))).network

    def loss(outputs: Array) -> Array:
        return mean_loss(task.loss, outputs, rows.targets, scored)

    def one(network: Network) -> Array:
        return jnp.linalg.norm(reach(network, loss, rows.inputs, rows.present, truncate=cut).inputs[0], axis=-1)

    program = TracedProgram(
        lambda: lambda many: jax.vmap(one)(many).mean(0),
        lambda many: 0,
        lambda many: training_identity("reach", settings.compiled()),
    )
    return tuple(np.asarray(program(networks))[: last + 1].tolist())
