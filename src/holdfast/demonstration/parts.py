"""The demonstration as tables and text: losses, predictions, verdicts, success rates and their reason."""

from __future__ import annotations

from itertools import zip_longest

from holdfast.core.results import Part, Table, Text, some
from holdfast.demonstration.demonstrate import CONTROL, Demonstration, DemonstrationRun, SuccessRate
from holdfast.demonstration.predictions import ambiguities, sentence, why_control_fails

LOSS_LINES = 6
"""Lines of the loss table for each network, evenly spaced, with the first and the last."""


def parts(demonstration: Demonstration) -> list[Part]:
    """What ``holdfast demo`` prints, in order."""
    first = demonstration.networks[0].settings
    sizes = f"{first.units} units, update per {first.update}, {first.order} order, initialisation {first.how}"
    others = f" and {CONTROL}, a control without memory" if len(demonstration.networks) > 1 else ""
    shown: list[Part] = [
        Text(f"{first.cell} ({sizes}){others}.\n", "Task: predict the next symbol"),
        _losses(demonstration.networks),
        *(_steps(network) for network in demonstration.networks),
        Text("\n".join(_sentences(demonstration))),
    ]
    if demonstration.success_rates:
        shown += [
            _rates(demonstration.success_rates),
            Text(_why(demonstration.success_rates, bool(ambiguities(demonstration.sequences)))),
        ]
    return shown


def _losses(networks: tuple[DemonstrationRun, ...]) -> Table:
    by_epoch = [dict(network.losses) for network in networks]
    epochs = sorted({epoch for losses in by_epoch for epoch in some(list(losses), LOSS_LINES)})
    rows = tuple(
        (str(epoch), *(f"{losses[epoch]:.4f}" if epoch in losses else "" for losses in by_epoch)) for epoch in epochs
    )
    heads = tuple(f"{network.settings.cell} (nats)" for network in networks)
    return Table(("epoch", *heads), rows, "Training loss")


def _steps(network: DemonstrationRun) -> Table:
    columns = [
        [
            f"{now} → {said} ({then})" + ("" if said == then else "  wrong")
            for now, said, then in zip(r.input, r.predicted, r.expected, strict=True)
        ]
        for r in network.predictions
    ]
    heads = ("step", *(f"sequence {number}" for number in range(1, len(columns) + 1)))
    rows = tuple((str(step), *cells) for step, cells in enumerate(zip_longest(*columns, fillvalue=""), 1))
    return Table(heads, rows, f"{network.settings.cell}: input → predicted (expected)")


def _sentences(demonstration: Demonstration) -> list[str]:
    said = [sentence(network.settings.cell, network.predictions) for network in demonstration.networks]
    control = next((network for network in demonstration.networks if network.settings.cell == CONTROL), None)
    if control is not None:
        name = "the control" if len(demonstration.networks) > 1 else "this network"
        said.append(why_control_fails(demonstration.sequences, name))
    return said


def _rates(rates: tuple[SuccessRate, ...]) -> Table:
    rows = tuple((f"per {r.update}", r.order, str(r.epochs), str(r.rate)) for r in rates)
    return Table(("update", "order", "epochs", "success rate"), rows, "Success rate over many initialisations")


def _why(rates: tuple[SuccessRate, ...], ambiguous: bool = True) -> str:
    """``ambiguous``: a symbol of the sequences has several successors, so that memory is needed."""
    lines = ["Gradient of the loss at the last step, mean |∂loss/∂x| at steps 1, 2, ..., before training:"]
    width = max(len(r.update) for r in rates)
    lines += [f"  per {r.update:<{width}}  " + "  ".join(_ends(r.reach)) for r in rates]
    cut = [r for r in rates if len(r.reach) > 1 and not any(r.reach[:-1])]
    if len(cut) == len(rates):
        lines.append("No gradient reaches an earlier step, so this network cannot learn to store the first symbol.")
    elif cut and not ambiguous:
        lines.append("With an update after every step no gradient flows through time; no memory is needed here.")
    elif cut and cut[0].rate.solved < cut[0].rate.of:
        lines.append(
            "With an update after every step no gradient flows through time, so the network does not learn to "
            "store the first symbol. It succeeds only if its random initial weights happen to keep the sequences apart."
        )
    elif cut:
        lines.append(
            "With an update after every step no gradient flows through time. All networks succeed nevertheless: their "
            "random initial weights keep these sequences apart."
        )
    return "\n".join(lines)


def _ends(reach: tuple[float, ...]) -> list[str]:
    """The first and the last steps; an ellipsis stands for those between them."""
    shown = [f"{value:.4f}" for value in reach]
    return shown if len(shown) <= 12 else [*shown[:6], "…", *shown[-6:]]
