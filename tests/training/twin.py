"""The network of these tests in PyTorch, trained by loops that are written out by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from holdfast.training.optimisers import EPSILON

SEQUENCES = (("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4"))
UNITS = 3
RATE = 0.05


def adam(parameters):
    return torch.optim.Adam(parameters, RATE, eps=EPSILON)


class Twin(torch.nn.Module):
    """The same network in PyTorch; its second bias is zero and never trained, since ours has one."""

    def __init__(self, network):
        super().__init__()
        self.lstm = torch.nn.LSTM(5, UNITS, batch_first=True, dtype=torch.float64)
        self.read = torch.nn.Linear(UNITS, 5, dtype=torch.float64)
        x, h = network.layers[0]["x"], network.layers[0]["h"]
        with torch.no_grad():
            for name, value in {
                "weight_ih_l0": np.asarray(x.matrix).T,
                "weight_hh_l0": np.asarray(h.matrix).T,
                "bias_ih_l0": np.asarray(x.bias),
                "bias_hh_l0": np.zeros(4 * UNITS),
            }.items():
                getattr(self.lstm, name).copy_(torch.tensor(value))
            self.read.weight.copy_(torch.tensor(np.asarray(network.readout.matrix).T))
            self.read.bias.copy_(torch.tensor(np.asarray(network.readout.bias)))
        self.lstm.bias_hh_l0.requires_grad_(False)

    def forward(self, x, state=None):
        hidden, state = self.lstm(x, state)
        return self.read(hidden), state


def torch_trains(
    network, way: str, updates: int, truncate: int | None = None, clip=None, optimiser: Callable = adam
) -> Twin:
    twin = Twin(network)
    changes = optimiser([p for p in twin.parameters() if p.requires_grad])
    loss_of = torch.nn.BCEWithLogitsLoss()
    one_hot = torch.eye(5, dtype=torch.float64)
    numbers = torch.tensor([[int(s) for s in words] for words in SEQUENCES])
    inputs, targets = one_hot[numbers[:, :-1]], one_hot[numbers[:, 1:]]

    def change(loss):
        changes.zero_grad()
        loss.backward()
        if clip is not None:
            # torch.nn.utils.clip_grad_norm_ adds 1e-6 to the norm; the definition does not.
            norm = torch.sqrt(sum((p.grad**2).sum() for p in twin.parameters() if p.requires_grad))
            for p in twin.parameters():
                if p.requires_grad and norm > clip:
                    p.grad.mul_(clip / norm)
        changes.step()

    for update in range(updates):
        rows = slice(None) if way == "batch" else slice(update % 2, update % 2 + 1)
        x, y, state = inputs[rows], targets[rows], None
        if way == "step":
            for t in range(x.shape[1]):
                output, state = twin(x[:, t : t + 1], state)
                change(loss_of(output, y[:, t : t + 1]))
                state = tuple(s.detach() for s in state)
        elif truncate:
            outputs = []
            for start in range(0, x.shape[1], truncate):
                output, state = twin(x[:, start : start + truncate], state)
                state = tuple(s.detach() for s in state)
                outputs.append(output)
            change(loss_of(torch.cat(outputs, 1), y))
        else:
            change(loss_of(twin(x)[0], y))
    return twin


def assert_same(network, twin, tolerance=1e-9):
    for got, expected in (
        (network.layers[0]["x"].matrix, twin.lstm.weight_ih_l0.T),
        (network.layers[0]["h"].matrix, twin.lstm.weight_hh_l0.T),
        (network.layers[0]["x"].bias, twin.lstm.bias_ih_l0),
        (network.readout.matrix, twin.read.weight.T),
        (network.readout.bias, twin.read.bias),
    ):
        np.testing.assert_allclose(np.asarray(got), expected.detach().numpy(), rtol=0, atol=tolerance)
