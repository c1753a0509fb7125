"""The steps of the cells with a matrix memory, written from their papers in PyTorch, which differentiates them.

A step takes the weights by letter (``W_k`` [input, head * component], ``b_k``), the input [batch, input] and the states
[batch, head, ...] by name. It gives the output [batch, unit], the states after it and every gate. A memory S is [value,
key] in each head. The factors of the papers are written out as matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

Named = dict[str, Any]
Step = Callable[[Named, Any, Named], tuple[Any, Named, Named]]


def maps(w: Named, x: Tensor, heads: int, letters: str) -> tuple[Tensor, ...]:
    """The linear maps of these letters [batch, head, component]."""
    return tuple((x @ w[f"W_{one}"] + w[f"b_{one}"]).reshape(len(x), heads, -1) for one in letters)


def read(memory: Tensor, query: Tensor) -> Tensor:
    return torch.einsum("bhvk,bhk->bhv", memory, query).reshape(len(memory), -1)


def pair(value: Tensor, key: Tensor) -> Tensor:
    return torch.einsum("bhv,bhk->bhvk", value, key)


def unit(a: Tensor) -> Tensor:
    return torch.nn.functional.normalize(a, dim=-1)


def householder(strength: Tensor, key: Tensor) -> Tensor:
    """I - b k k^T, for a strength [batch, head, 1]."""
    return torch.eye(key.shape[-1], dtype=key.dtype) - strength[..., None] * pair(key, key)


def linear_attention(w: Named, x: Tensor, state: Named) -> tuple[Tensor, Named, Named]:
    """Katharopoulos et al. 2020: the feature map is elu + 1."""
    q, k, v = maps(w, x, state["S"].shape[1], "qkv")
    q, k = torch.nn.functional.elu(q) + 1, torch.nn.functional.elu(k) + 1
    memory, total = state["S"] + pair(v, k), state["z"] + k
    size = (total * q).sum(-1, keepdim=True).expand_as(v).reshape(len(x), -1)
    return read(memory, q) / size, {"S": memory, "z": total}, {"query": q, "key": k, "value": v}


def retnet(w: Named, x: Tensor, state: Named) -> tuple[Tensor, Named, Named]:
    """Sun et al. 2023, without the rotation: a decay for each head."""
    q, k, v = maps(w, x, state["S"].shape[1], "qkv")
    k, decay = k / k.shape[-1] ** 0.5, torch.sigmoid(w["b_a"])
    memory = decay[None, :, None, None] * state["S"] + pair(v, k)
    return read(memory, q), {"S": memory}, {"query": q, "key": k, "value": v, "decay": decay.expand(len(x), -1)}


def gla(w: Named, x: Tensor, state: Named) -> tuple[Tensor, Named, Named]:
    """Yang et al. 2023: S diag(a), a = sigmoid(z)^(1/16)."""
    a, q, k, v = maps(w, x, state["S"].shape[1], "aqkv")
    k, a = k / k.shape[-1] ** 0.5, torch.sigmoid(a) ** (1 / 16)
    memory = state["S"] @ torch.diag_embed(a) + pair(v, k)
    return read(memory, q), {"S": memory}, {"decay": a, "query": q, "key": k, "value": v}


def _delta(most: float) -> Step:
    """Yang et al. 2024: S (I - b k k^T) + b v k^T, b up to ``most``."""

    def step(w: Named, x: Tensor, state: Named) -> tuple[Tensor, Named, Named]:
        b, q, k, v = maps(w, x, state["S"].shape[1], "bqkv")
        b, q, k = most * torch.sigmoid(b), unit(q), unit(k)
        memory = state["S"] @ householder(b, k) + b[..., None] * pair(v, k)
        return read(memory, q), {"S": memory}, {"strength": b[..., 0], "query": q, "key": k, "value": v}

    return step


def gated_deltanet(w: Named, x: Tensor, state: Named) -> tuple[Tensor, Named, Named]:
    """Yang, Kautz & Hatamizadeh 2024: S (a (I - b k k^T)) + b v k^T, a = exp(-A softplus(z)) with A = 1, z = -a's."""
    a, b, q, k, v = maps(w, x, state["S"].shape[1], "abqkv")
    a, b, q, k = torch.exp(-torch.nn.functional.softplus(-a)), torch.sigmoid(b), unit(q), unit(k)
    memory = state["S"] @ (a[..., None] * householder(b, k)) + b[..., None] * pair(v, k)
    gates = {"decay": a[..., 0], "strength": b[..., 0], "query": q, "key": k, "value": v}
    return read(memory, q), {"S": memory}, gates


def deltaproduct(w: Named, x: Tensor, state: Named) -> tuple[Tensor, Named, Named]:
    """Siems et al. 2025: S A(1) A(2) + H, each factor of the kind I - b k k^T, b in [0, 2]."""
    b, k, v, c, second_k, second_v, q = maps(w, x, state["S"].shape[1], "bkvcluq")
    b, c, k, second_k, q = 2 * torch.sigmoid(b), 2 * torch.sigmoid(c), unit(k), unit(second_k), unit(q)
    first, second = householder(b, k), householder(c, second_k)
    new = b[..., None] * pair(v, k) @ second + c[..., None] * pair(second_v, second_k)
    memory = state["S"] @ first @ second + new
    gates = {"strength": b[..., 0], "key": k, "value": v, "query": q}
    gates |= {"second_strength": c[..., 0], "second_key": second_k, "second_value": second_v}
    return read(memory, q), {"S": memory}, gates


def rwkv7(w: Named, x: Tensor, state: Named) -> tuple[Tensor, Named, Named]:
    """Peng et al. 2025: S (diag(w) - n^T (a n)) + v^T k, w = exp(-e^-0.5 sigmoid(d)), d = -w's."""
    heads = state["S"].shape[1]
    d, a, r, key, v = maps(w, x, heads, "warkv")
    removal, replacement = (w[f"b_{one}"].reshape(heads, -1) for one in "em")
    decay, a = torch.exp(-np.exp(-0.5) * torch.sigmoid(-d)), torch.sigmoid(a)
    n, k = unit(key * removal), key * (1 + (a - 1) * replacement)
    memory = state["S"] @ (torch.diag_embed(decay) - pair(n, a * n)) + pair(v, k)
    gates = {"decay": decay, "rate": a, "receptance": r, "key": k, "value": v}
    learned = {"removal": removal.expand(len(x), -1, -1), "replacement": replacement.expand(len(x), -1, -1)}
    return read(memory, r), {"S": memory}, gates | learned


STEPS: dict[str, Step] = {
    "deltanet": _delta(1),
    "deltanet_negative": _delta(2),
    "deltaproduct": deltaproduct,
    "gated_deltanet": gated_deltanet,
    "gla": gla,
    "linear_attention": linear_attention,
    "retnet": retnet,
    "rwkv7": rwkv7,
}


def in_numpy(name: str) -> Step:
    """The step of this cell on arrays of NumPy."""

    def step(w: Named, x: Any, state: Named) -> tuple[Any, Named, Named]:
        def given(named: Named) -> Named:
            return {label: torch.tensor(np.array(a)) for label, a in named.items()}

        output, after, gates = STEPS[name](given(w), torch.tensor(np.array(x)), given(state))
        return output.numpy(), {s: a.numpy() for s, a in after.items()}, {g: a.numpy() for g, a in gates.items()}

    return step
