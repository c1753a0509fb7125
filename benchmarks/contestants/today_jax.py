"""Plain JAX, forward and backward through one layer of today: nothing of ours in the process.

scan         jax.lax.scan over the steps, with what depends on the input computed for all steps before
associative  jax.lax.associative_scan over the affine maps of all steps, for states that are multiplied by numbers

XLA runs with its own options.
"""

import os
import sys
from pathlib import Path

import jax
import jax.numpy as jnp

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from layers import STATE, WEIGHTS, layer, numbers, split
from recurrence import answering
from side_by_side import answer

assert "xla_backend_extra_options" not in os.environ.get("XLA_FLAGS", ""), "this is JAX as it comes"


def affine(form, factor, offset):
    """The states after every step of s' = factor * s + offset, from 0; all [time, ...]."""

    def composed(first, second):
        return first[0] * second[0], second[0] * first[1] + second[1]

    def step(state, now):
        state = now[0] * state + now[1]
        return state, state

    if form == "associative":
        return jax.lax.associative_scan(composed, (factor, offset))[1]
    return jax.lax.scan(step, jnp.zeros_like(offset[0]), (factor, offset))[1]


def mamba(form, weights, of, gates):
    step, written, read, value = gates
    d = jax.nn.softplus(step)
    decay, skip = weights["constant"][: of.units * STATE].reshape(of.units, STATE), weights["constant"][-of.units :]
    a = -jnp.exp(decay)
    if form == "associative":
        kept = jnp.exp(d[..., None] * a)
        h = affine(form, kept, (d * value)[..., None] * written[..., None, :])
        return (h * read[..., None, :]).sum(-1) + skip * value

    def one(h, now):
        d, u, written, read = now
        h = jnp.exp(d[..., None] * a) * h + (d * u)[..., None] * written[:, None, :]
        return h, (h * read[:, None, :]).sum(-1)

    start = jnp.zeros((of.batch, of.units, STATE))
    return jax.lax.scan(one, start, (d, value, written, read))[1] + skip * value


def lru(form, weights, of, gates):
    real, imaginary, direct = gates
    radius, angle, scale = jnp.split(weights["constant"], 3)
    factor = jnp.exp(-jnp.exp(radius) + 1j * jnp.exp(angle))
    offset = jnp.exp(scale) * (real + 1j * imaginary)
    s = affine(form, jnp.broadcast_to(factor, offset.shape), offset)
    return direct + s.real @ weights["re"] + s.imag @ weights["im"]


def mingru(form, weights, of, gates):
    z = jax.nn.sigmoid(gates[0])
    return affine(form, z, (1 - z) * gates[1])


def in_heads(of, *vectors):
    """[time, batch, unit] to [time, batch, head, unit of the head]."""
    return [v.reshape(*v.shape[:2], of.heads, of.per_head) for v in vectors]


def over_heads(of, step, start, along):
    return jax.lax.scan(step, start, along)[1].reshape(of.steps, of.batch, of.units)


def empty_memory(of):
    return jnp.zeros((of.batch, of.heads, of.per_head, of.per_head))


def deltanet(form, weights, of, gates):
    b = jax.nn.sigmoid(gates[0])
    q, k, v = in_heads(of, *gates[1:])
    q, k = (a / jnp.sqrt((a * a).sum(-1, keepdims=True)) for a in (q, k))

    def step(memory, now):
        b, q, k, v = now
        error = v - jnp.einsum("bhvk,bhk->bhv", memory, k)
        memory = memory + b[..., None, None] * error[..., :, None] * k[..., None, :]
        return memory, jnp.einsum("bhvk,bhk->bhv", memory, q)

    return over_heads(of, step, empty_memory(of), (b, q, k, v))


def gla(form, weights, of, gates):
    a = jnp.exp(jax.nn.log_sigmoid(gates[0]) / 16)
    a, q, k, v = in_heads(of, a, *gates[1:])
    k = k * of.per_head**-0.5

    def step(memory, now):
        a, q, k, v = now
        memory = memory * a[..., None, :] + v[..., :, None] * k[..., None, :]
        return memory, jnp.einsum("bhvk,bhk->bhv", memory, q)

    return over_heads(of, step, empty_memory(of), (a, q, k, v))


def mlstm(form, weights, of, gates):
    i, f = gates[0], jax.nn.log_sigmoid(gates[1])
    q, k, v, o = in_heads(of, *gates[2:5], jax.nn.sigmoid(gates[5]))
    k = k * of.per_head**-0.5

    def step(state, now):
        memory, n, m = state
        i, f, q, k, v, o = now
        after = jnp.maximum(f + m, i)
        kept, let_in = jnp.exp(f + m - after)[..., None], jnp.exp(i - after)[..., None]
        memory = kept[..., None] * memory + let_in[..., None] * v[..., :, None] * k[..., None, :]
        n = kept * n + let_in * k
        size = jnp.maximum(jnp.abs((n * q).sum(-1)), jnp.exp(-after))[..., None]
        return (memory, n, after), o * jnp.einsum("bhvk,bhk->bhv", memory, q) / size

    start = empty_memory(of), jnp.zeros((of.batch, of.heads, of.per_head)), jnp.zeros((of.batch, of.heads))
    return over_heads(of, step, start, (i, f, q, k, v, o))


def slstm(form, weights, of, gates):
    along = jnp.stack(in_heads(of, *gates), 2)  # [time, batch, gate, head, unit of the head]
    recurrent = weights["h"].reshape(of.per_head, 4, of.heads, of.per_head)

    def step(state, x):
        h, c, n, m = state
        i, f, z, o = jnp.moveaxis(x + jnp.einsum("bhr,rghu->bghu", h, recurrent), 1, 0)
        f = jax.nn.log_sigmoid(f)
        after = jnp.maximum(f + m, i)
        kept, let_in = jnp.exp(f + m - after), jnp.exp(i - after)
        c, n = kept * c + let_in * jnp.tanh(z), kept * n + let_in
        h = jax.nn.sigmoid(o) * c / n
        return (h, c, n, after), h

    return over_heads(of, step, (jnp.zeros((of.batch, of.heads, of.per_head)),) * 4, along)


CELLS = {"mamba": mamba, "lru": lru, "mingru": mingru, "deltanet": deltanet, "gla": gla, "mlstm": mlstm, "slstm": slstm}


def prepared(form):
    def compiled(cell, of):
        given = {name: jnp.asarray(a[0]) for name, a in numbers(cell, of).items()}
        weights = {name: given[name] for name in WEIGHTS if name in given}
        inputs, cotangent = (jnp.swapaxes(given[name], 0, 1) for name in ("inputs", "cotangent"))

        def loss(weights, inputs, cotangent):
            gates = split(cell, of, inputs @ weights["x"] + weights["bias"])
            return jnp.sum((CELLS[cell](form, weights, of, gates) @ given["readout"]) * cotangent)

        gradient = jax.jit(jax.grad(loss))
        return lambda: jax.block_until_ready(gradient(weights, inputs, cotangent))

    return compiled


answer(answering({form: prepared(form) for form in ("scan", "associative")}, layer), version=jax.__version__)
