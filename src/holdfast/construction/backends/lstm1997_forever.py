"""Recall of the first number for unlimited length in exact arithmetic, on the LSTM of 1997, with finite weights.

No other classical cell can do this. The cell of 1997 loses nothing, so the only error is leakage through the input
gate. In this construction the leakage decreases so fast that its sum is bounded:

    p   g = 1                       c_p grows by about 1 a step; p_1 = .76, p_2 = .96, then 1
    S   g = tanh(w x + K p_before)  w x_1 at step 1, then both grow alike, so that their outputs saturate and
    R   g = tanh(K p_before)        h_S - h_R is at most (w a + t l) 4 e^(-2 (t (r - l) - w a)): summable
    M   g = tanh(kappa (h_S - h_R)), i = sigma(B (theta - p_before)): open at step 2, nearly shut from 3 on

With alpha = sigma(A), omega = sigma(D), iota and delta the input gate of M at step 2 and later,
l = w a sech^2(K p_1 - w a), rho = alpha tanh(K p_1), r = e^(-2 (rho - l)), and
Lambda = 4 e^(2 w a) (w a r/(1-r) + l r/(1-r)^2), for every n >= 2

    |y - x_1| <= a (1 - iota alpha omega^2) + delta Lambda/w
                 + (2 (w a)^3 + kappa^2 (w a)^3 + kappa^2 (w a + delta Lambda)^3) / (3 w)

which does not grow with n. c_S and c_R grow without bound, so the construction does not hold for unlimited length in a
floating-point format.
"""

from __future__ import annotations

import math

from holdfast.construction.backends.lstm import FULL
from holdfast.construction.budget import Budget, Demand, opening, power_of_two, sigmoid
from holdfast.construction.layout import Layout, Realisation
from holdfast.construction.program import RegisterProgram
from holdfast.construction.sheet import Sheet

KAPPA = 2.0**-4
"""M stores the difference at a small scale. The curvature of its two tanh is then smaller than that of the write by a
factor of kappa^2."""


def realise(program: RegisterProgram, demand: Demand) -> Realisation:
    """Compile a program of one latch that is written at the first step."""
    sheet = Sheet("lstm1997", [c.name for c in program.channels])
    layout = Layout(program, demand, sheet, [{}])
    alone = len(program.registers) == 1 and not program.bits and not program.events
    if not (alone and demand.latched and layout.at_first(program.registers[0].when)):
        layout.refuse("in exact arithmetic, at every length, lstm1997 can hold only one number, of the first step")
        return Realisation(sheet, Budget(), layout.reasons)
    register, a, e = program.registers[0], demand.size, demand.tolerance
    w = power_of_two(min(math.sqrt(0.4 * e * 1.5 / a**3), 0.25 / a))
    opened = opening(min(e / (32 * a), 0.1))
    alpha = sigmoid(opened)
    p1, p2 = (alpha * math.tanh(alpha * t * math.tanh(FULL)) for t in (1, 2))
    theta = (p1 + p2) / 2
    steep = opening(min(e / (16 * a), 0.1)) / (p2 - theta)
    drown = (w * a + opening(min(e / (16 * a), 0.1))) / p1
    always, started = (opened, {}), "started"
    sheet.unit(started, "clock", input=always, candidate=(FULL, {}), output=always)
    bias, weights = layout.value(register.value, w)
    writer, shadow = f"{register.name} in", f"{register.name} shadow"
    sheet.unit(writer, "writer", input=always, candidate=(bias, {**weights, started: drown}), output=always)
    sheet.unit(shadow, "shadow", input=always, candidate=(0.0, {started: drown}), output=always)
    sheet.unit(
        register.name,
        "latch",
        input=(steep * theta, {started: -steep}),
        candidate=(0.0, {writer: KAPPA, shadow: -KAPPA}),
        output=always,
    )
    layout.read(lambda name: {name: 1 / (KAPPA * w)})
    iota, delta = sigmoid(steep * (theta - p1)), sigmoid(steep * (theta - p2))
    grow = w * a / math.cosh(drown * p1 - w * a) ** 2
    r = math.exp(-2 * (alpha * math.tanh(drown * p1) - grow))
    tail = 4 * math.exp(2 * w * a) * (w * a * r / (1 - r) + grow * r / (1 - r) ** 2)
    curve = 2 * (w * a) ** 3 + KAPPA**2 * (w * a) ** 3 + KAPPA**2 * (w * a + delta * tail) ** 3
    budget = Budget(write=a * (1 - iota * alpha**3), leak=delta * tail / w, read_out=curve / (3 * w))
    return Realisation(sheet, budget, layout.reasons, late=1)
