"""PyTorch on recall as its users train it: an nn.LSTM and a Linear, rows drawn by the batch, clipping, Adam, eager.

Networks are trained one after the other, so a few of them stand for many.
"""

import argparse
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from side_by_side import serve

KINDS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "elman": torch.nn.RNN}
arguments = argparse.ArgumentParser()
arguments.add_argument("--cell", choices=tuple(KINDS), default="lstm")
arguments.add_argument("--networks", type=int, default=2)
arguments.add_argument("--steps", type=int, default=100)
arguments.add_argument("--units", type=int, default=32)
arguments.add_argument("--budget", type=int, default=2976)
arguments.add_argument("--threads", type=int, default=2)
asked = arguments.parse_args()
torch.set_num_threads(asked.threads)
torch.set_flush_denormal(True)
ROWS = 32


def train():
    cell, readout = KINDS[asked.cell](1, asked.units), torch.nn.Linear(asked.units, 1)
    weights = [*cell.parameters(), *readout.parameters()]
    adam = torch.optim.Adam(weights, lr=1e-2, eps=1e-7)
    for _ in range(-(-asked.budget // ROWS)):
        numbers = 2 * torch.rand(asked.steps, ROWS, 1) - 1
        loss = (readout(cell(numbers)[0][-1]) - numbers[0]).square().mean()
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        adam.step()


def work():
    began = time.perf_counter()
    for _ in range(asked.networks):
        train()
    return {"seconds": time.perf_counter() - began, "networks": asked.networks}


work()
serve(work, version=torch.__version__)
