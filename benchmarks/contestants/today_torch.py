"""PyTorch, eager, forward and backward through one layer of today, time first.

loop     one step after another, with what depends on the input computed for all steps before
chunked  matrix states as their authors compute them in training: products of whole chunks, and a loop over chunks
         (deltanet in the WY form with one triangular solve, gla with cumulative decays, mlstm with a stabiliser each)

Asked for its "peak", it answers operations per second of a large product, and bytes per second of a large copy.
"""

import json
import sys
import time
from pathlib import Path

import torch
from torch.nn.functional import logsigmoid, normalize, softplus

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from layers import STATE, WEIGHTS, layer, numbers, split
from recurrence import answering
from side_by_side import answer

THREADS = 2
CHUNK = {"deltanet": 32, "gla": 64, "mlstm": 64}
"""Steps in a chunk."""
torch.set_num_threads(THREADS)
torch.set_flush_denormal(True)


def stepped(of, step, state, along):
    """The outputs [time, batch, unit] of a step over arrays [time, ...]."""
    outputs = []
    for now in zip(*(a.unbind(0) for a in along), strict=True):
        state, output = step(state, *now)
        outputs.append(output)
    return torch.stack(outputs).reshape(of.steps, of.batch, of.units)


def mamba(weights, of, gates):
    step, written, read, value = gates
    d = softplus(step)
    decay, skip = weights["constant"][: of.units * STATE].view(of.units, STATE), weights["constant"][-of.units :]
    a = -torch.exp(decay)

    def one(h, d, u, written, read):
        h = torch.addcmul((d * u)[..., None] * written[:, None], torch.exp(d[..., None] * a), h)
        return h, torch.bmm(h, read[..., None])[..., 0]

    start = torch.zeros(of.batch, of.units, STATE)
    return stepped(of, one, start, (d, value, written, read)) + skip * value


def lru(weights, of, gates):
    real, imaginary, direct = gates
    radius, angle, scale = weights["constant"].chunk(3)
    factor = torch.exp(torch.complex(-torch.exp(radius), torch.exp(angle)))
    offset = torch.exp(scale) * torch.complex(real, imaginary)

    def step(s, b):
        s = factor * s + b
        return s, s

    s = stepped(of, step, torch.zeros(of.batch, of.units, dtype=torch.complex64), (offset,))
    return direct + s.real @ weights["re"] + s.imag @ weights["im"]


def mingru(weights, of, gates):
    z = torch.sigmoid(gates[0])

    def step(h, z, b):
        h = torch.addcmul(b, z, h)
        return h, h

    return stepped(of, step, torch.zeros(of.batch, of.units), (z, (1 - z) * gates[1]))


def slstm(weights, of, gates):
    # [time, batch, head, gate, unit of the head]: a head's gates side by side
    along = torch.stack([g.reshape(of.steps, of.batch, of.heads, of.per_head) for g in gates], 3)
    recurrent = weights["h"].view(of.per_head, 4, of.heads, of.per_head).permute(2, 0, 1, 3)
    recurrent = recurrent.reshape(of.heads, of.per_head, -1)

    def step(state, x):
        h, c, n, m = state
        read = torch.bmm(h.transpose(0, 1), recurrent).transpose(0, 1).view(x.shape)
        i, f, z, o = (x + read).unbind(2)
        f = logsigmoid(f) + m
        after = torch.maximum(f, i)
        kept, let_in = torch.exp(f - after), torch.exp(i - after)
        c, n = kept * c + let_in * torch.tanh(z), kept * n + let_in
        h = torch.sigmoid(o) * c / n
        return (h, c, n, after), h

    return stepped(of, step, (torch.zeros(of.batch, of.heads, of.per_head),) * 4, (along,))


def in_chunks(of, size, *vectors):
    """[time, batch, head * n] to [batch, head, chunk, step, n]."""
    shape = -1, size, of.batch, of.heads
    return [v.reshape(*shape, v.shape[-1] // of.heads).permute(2, 3, 0, 1, 4) for v in vectors]


def over_chunks(of, step, state, *along):
    """The outputs [time, batch, unit] of a step over chunks, whose arrays are [batch, head, chunk, step, n]."""
    outputs = []
    for now in zip(*(a.unbind(2) for a in along), strict=True):
        state, output = step(state, *now)
        outputs.append(output)
    return torch.stack(outputs, 2).permute(2, 3, 0, 1, 4).reshape(of.steps, of.batch, of.units)


def empty_memory(of):
    """[batch, head, key, value]: rows of vectors are multiplied from the left."""
    return torch.zeros(of.batch, of.heads, of.per_head, of.per_head)


def deltanet(weights, of, gates):
    size = min(CHUNK["deltanet"], of.steps)
    b, q, k, v = in_chunks(of, size, torch.sigmoid(gates[0]), *gates[1:])
    q, k = normalize(q, dim=-1), normalize(k, dim=-1)
    kb = k * b
    system = torch.eye(size) + torch.tril(kb @ k.mT, -1)
    solved = torch.linalg.solve_triangular(system, torch.cat([kb, v * b], -1), upper=False, unitriangular=True)
    w, u = solved.split(of.per_head, -1)

    def step(memory, q, k, w, u, within):
        changes = u - w @ memory
        return memory + k.mT @ changes, q @ memory + within @ changes

    return over_chunks(of, step, empty_memory(of), q, k, w, u, torch.tril(q @ k.mT))


def gla(weights, of, gates):
    size = min(CHUNK["gla"], of.steps)
    log_a, q, k, v = in_chunks(of, size, logsigmoid(gates[0]) / 16, *gates[1:])
    total = log_a.cumsum(-2)
    last = total[..., -1:, :]
    k = k * of.per_head**-0.5
    q, within_k, later_k = q * torch.exp(total), k * torch.exp(-total), k * torch.exp(last - total)

    def step(memory, q, within, written, kept):
        return kept * memory + written, q @ memory + within

    within = torch.tril(q @ within_k.mT) @ v
    return over_chunks(of, step, empty_memory(of), q, within, later_k.mT @ v, torch.exp(last).mT)


def mlstm(weights, of, gates):
    """The stabiliser of a row is the largest exponent of its chunk and of what enters; it cancels in the quotient."""
    size = min(CHUNK["mlstm"], of.steps)
    i, f, q, k, v, o = in_chunks(of, size, gates[0], logsigmoid(gates[1]), *gates[2:5], torch.sigmoid(gates[5]))
    k = k * of.per_head**-0.5
    total = f.cumsum(-2)  # [batch, head, chunk, step, 1]
    last = total[..., -1:, :]
    earlier = torch.ones(size, size, dtype=torch.bool).tril()
    exponents = (total - total.mT + i.mT).masked_fill(~earlier, -torch.inf)
    written = last - total + i
    written_m = written.amax(-2, keepdim=True)
    k_written = k * torch.exp(written - written_m)

    def step(state, q, v, o, total, last, exponents, within_m, scores, written_m, written, written_n):
        memory, n, m = state
        row_m = torch.maximum(within_m, total + m)
        weights_of, entering = scores * torch.exp(exponents - row_m), torch.exp(total + m - row_m)
        read = weights_of @ v + entering * (q @ memory)
        size_of = weights_of.sum(-1, keepdim=True) + entering * (q @ n.mT)
        after = torch.maximum(last + m, written_m)
        kept, let_in = torch.exp(last + m - after), torch.exp(written_m - after)
        output = o * read / torch.maximum(size_of.abs(), torch.exp(-row_m))
        return (kept * memory + let_in * written, kept * n + let_in * written_n, after), output

    within = exponents, exponents.amax(-1, keepdim=True), q @ k.mT
    across = written_m, k_written.mT @ v, k_written.sum(-2, keepdim=True)
    start = empty_memory(of), torch.zeros(of.batch, of.heads, 1, of.per_head), torch.zeros(of.batch, of.heads, 1, 1)
    return over_chunks(of, step, start, q, v, o, total, last, *within, *across)


FORMS = {
    "loop": {"mamba": mamba, "lru": lru, "mingru": mingru, "slstm": slstm},
    "chunked": {"deltanet": deltanet, "gla": gla, "mlstm": mlstm},
}


def prepared(form):
    def of_sizes(cell, of):
        given = {name: torch.tensor(a[0]) for name, a in numbers(cell, of).items()}
        names = [name for name in WEIGHTS if name in given]
        weights = {name: given[name].requires_grad_() for name in names}
        inputs, cotangent = (given[name].transpose(0, 1).contiguous() for name in ("inputs", "cotangent"))

        def run():
            mapped = torch.addmm(weights["bias"], inputs.flatten(0, 1), weights["x"])
            gates = split(cell, of, mapped.view(of.steps, of.batch, -1))
            hidden = FORMS[form][cell](weights, of, gates)
            gradients = torch.autograd.grad(((hidden @ given["readout"]) * cotangent).sum(), list(weights.values()))
            return dict(zip(names, gradients, strict=True))

        return run

    return of_sizes


SIDE = 2048


def best(work, times):
    """Seconds of the fastest of several runs."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def work(line):
    asked = json.loads(line)
    if "peak" not in asked:
        return gradients(line)
    a, b = torch.rand(2, SIDE, SIDE)
    long, copied = torch.rand(2, 16 * SIDE * SIDE)
    product, copy = best(lambda: a @ b, asked["peak"]), best(lambda: copied.copy_(long), asked["peak"])
    return {"peak": 2 * SIDE**3 / product, "bandwidth": 2 * 4 * long.numel() / copy, "seconds": product}


gradients = answering({form: prepared(form) for form in FORMS}, layer)
answer(work, version=torch.__version__)
