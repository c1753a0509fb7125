"""PyTorch, eager, in the demonstration's training: nn.LSTM, a linear read-out, Adam, the state detached every step.

With ``--whole`` it trains once and ends: the process from start to end is what is timed. One thread is used: for
matrices of 20 columns a second one only gets in the way.
"""

import argparse
import itertools
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from side_by_side import serve

SEQUENCES = ((3, 0, 1, 2, 3), (4, 0, 1, 2, 4))
arguments = argparse.ArgumentParser()
arguments.add_argument("--epochs", type=int, default=250)
arguments.add_argument("--whole", action="store_true")
asked = arguments.parse_args()

torch.set_num_threads(1)
symbols = torch.eye(5)
loss_of = torch.nn.BCEWithLogitsLoss()


class Learner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(5, 20, batch_first=True)
        self.readout = torch.nn.Linear(20, 5)

    def forward(self, x, state):
        hidden, state = self.lstm(x, state)
        return self.readout(hidden[:, -1]), state


def train(epochs):
    torch.manual_seed(0)
    learner = Learner()
    adam = torch.optim.Adam(learner.parameters(), lr=1e-3, eps=1e-7)
    for _ in range(epochs):
        for words in SEQUENCES:
            state = None
            for now, then in itertools.pairwise(words):
                adam.zero_grad()
                outputs, state = learner(symbols[now][None, None], state)
                loss_of(outputs, symbols[then][None]).backward()
                adam.step()
                state = tuple(s.detach() for s in state)
    return learner


@torch.no_grad()
def judge(learner):
    losses, right = [], 0
    for words in SEQUENCES:
        outputs, _ = learner.lstm(symbols[list(words[:-1])][None])
        outputs = learner.readout(outputs[0])
        losses.append(loss_of(outputs, symbols[list(words[1:])]).item())
        right += (outputs.argmax(-1) == torch.tensor(words[1:])).sum().item()
    return {"loss": sum(losses) / len(losses), "accuracy": right / 8}


def work():
    began = time.perf_counter()
    learner = train(asked.epochs)
    return {"seconds": time.perf_counter() - began, **judge(learner)}


if asked.whole:
    print(work())
else:
    train(1)
    serve(work, version=torch.__version__)
