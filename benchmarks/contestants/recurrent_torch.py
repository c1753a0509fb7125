"""PyTorch, eager, forward and backward through time: its own layers, and many networks in one batched product.

modules  torch.nn.LSTM, GRU or RNN (tanh) with its own kernels, time first; many networks one after the other
batched  written by hand: one torch.baddbmm over all networks a step, the products of the inputs all at once before
"""

import json
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from recurrence import answering, numbers
from side_by_side import answer

THREADS = 2
torch.set_num_threads(THREADS)
torch.set_flush_denormal(True)
KINDS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "elman": torch.nn.RNN}


def modules(cell, size):
    """A torch.nn layer per network."""
    given = {name: torch.tensor(a) for name, a in numbers(cell, size).items()}
    layers = [KINDS[cell](size.inputs, size.units) for _ in range(size.networks)]
    with torch.no_grad():
        for n, layer in enumerate(layers):
            layer.weight_ih_l0.copy_(given["x"][n].T)
            layer.weight_hh_l0.copy_(given["h"][n].T)
            layer.bias_ih_l0.copy_(given["bias"][n])
            layer.bias_hh_l0.copy_(given["hidden_bias"][n])
    inputs, cotangent = (given[name].transpose(1, 2).contiguous() for name in ("inputs", "cotangent"))

    def gradient(n):
        layer = layers[n]
        weights = (layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0)
        hidden, _ = layer(inputs[n])
        return torch.autograd.grad(((hidden @ given["readout"][n]) * cotangent[n]).sum(), weights)

    def run():
        x, h, bias, _ = zip(*(gradient(n) for n in range(size.networks)), strict=True)
        return {"x": torch.stack(x), "h": torch.stack(h), "bias": torch.stack(bias)}

    return run


def batched(cell, size):
    """All networks at once, [network, batch, ...] at every step."""
    given = {name: torch.tensor(a) for name, a in numbers(cell, size).items()}
    names = ("x", "h", "bias", "hidden_bias") if cell == "gru" else ("x", "h", "bias")
    weights = [given[name].requires_grad_() for name in names]
    rows = (size.networks, size.steps * size.batch, -1)
    inputs, cotangent = (given[name].transpose(1, 2).reshape(rows) for name in ("inputs", "cotangent"))
    zeros = torch.zeros(size.networks, size.batch, size.units)

    def run():
        read = torch.baddbmm(given["bias"][:, None], inputs, given["x"])
        read = read.view(size.networks, size.steps, size.batch, -1).transpose(0, 1).contiguous()
        state, hidden = (zeros, zeros), []
        for x in read.unbind(0):
            state = STEPS[cell](given, x, *state)
            hidden.append(state[0])
        outputs = torch.bmm(torch.stack(hidden, 1).reshape(rows), given["readout"])
        gradients = torch.autograd.grad((outputs * cotangent).sum(), weights)
        return dict(zip(names[:3], gradients[:3], strict=True))

    return run


def lstm(given, x, h, c):
    i, f, g, o = torch.baddbmm(x, h, given["h"]).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def gru(given, x, h, _):
    units = h.shape[-1]
    recurrent = torch.baddbmm(given["hidden_bias"][:, None], h, given["h"])
    r, z = torch.sigmoid(x[..., : 2 * units] + recurrent[..., : 2 * units]).chunk(2, -1)
    n = torch.tanh(x[..., 2 * units :] + r * recurrent[..., 2 * units :])
    return n + z * (h - n), None


def elman(given, x, h, _):
    return torch.tanh(torch.baddbmm(x, h, given["h"])), None


STEPS = {"lstm": lstm, "gru": gru, "elman": elman}
SIDE = 2048


def peak(times):
    """Operations per second of a large product in float32, the best of several."""
    a, b = torch.rand(2, SIDE, SIDE)
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - began)
    return 2 * SIDE**3 / min(seconds)


def work(line):
    asked = json.loads(line)
    return {"peak": peak(asked["peak"])} if "peak" in asked else gradients(line)


gradients = answering({"modules": modules, "batched": batched})
answer(work, version=torch.__version__)
