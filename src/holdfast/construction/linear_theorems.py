"""What cells with a linear recurrence cannot do: theorems about the cells of ``linear_cells.py``, with their proofs."""

from __future__ import annotations

from holdfast.construction import linear_cells
from holdfast.construction.cycles import Cycle, cycle, turns
from holdfast.construction.linear_cells import DECAYS, ERASING, NORMALISED, QUERIES, READS_BY_INPUT, SIGNED, TURNING
from holdfast.construction.theorem import Theorem
from holdfast.core.claim import Semantics
from holdfast.core.task import Task
from holdfast.tasks._automaton_task import AutomatonTask
from holdfast.tasks.group import Group
from holdfast.tasks.mqar import Mqar
from holdfast.tasks.recall import Recall

NO_CYCLES = Theorem(
    "factors between 0 and 1 lose count of a cycle",
    "Let every number of the state be multiplied by a factor in [0, 1] and increased by a term, both computed from the "
    "input alone. If a word u, read again and again after some prefix, leads the task's automaton round a cycle of "
    "states that some ending tells apart, an answer is wrong at some length. For parity, u is the symbol 1. It holds "
    "for any number of layers in IEEE arithmetic that computes every step alike, one after another; and for one layer "
    "with a linear read-out in exact arithmetic.",
    "IEEE: multiplication by a factor >= 0 and addition, rounded, are non-decreasing functions of the state; so is "
    "reading u, for each number of the state by itself. (In mlstm first for the stabiliser m, then, where m is "
    "constant, for the rest.) Hence the states after u, uu, uuu, ... rise or fall and, being among finitely many "
    "numbers, are constant from some repetition on; NaN stays NaN. From there on the layer's outputs repeat with every "
    "u, then those of the next layer by the same argument, and so do the scores after the ending; the right answers do "
    "not. Exact: the difference of two scores after n repetitions, times the positive denominators of a cell that has "
    "some, is from some n on a sum of terms c n^k r^n with r >= 0. Such a sum has one sign, or is 0, from some n on; "
    "but between two answers of the cycle the sign has to change for ever.",
    source="For their models of finite precision: Sarrof, Veitsman & Hahn 2024, arXiv:2405.17394; Grazzi et al. 2024, "
    "arXiv:2411.12537. The argument for IEEE arithmetic is this package's.",
)
POWERS_OF_TWO = Theorem(
    "one layer of factors between -1 and 1 repeats itself after two rounds",
    "Let every number of the state of one layer be multiplied by a real factor in [-1, 1] and increased by a term, "
    "both computed from the input alone. If a word u leads the task's automaton round a cycle in which some ending "
    "tells a state from that two repetitions later, an answer is wrong at some length: one layer counts modulo 2, but "
    "not modulo 3. It holds in IEEE arithmetic that computes every step alike, one after another, and in exact "
    "arithmetic.",
    "What reading u makes of a number of the state is a non-decreasing or a non-increasing function, rounded or not; "
    "reading uu is non-decreasing, with a factor >= 0. By the argument for factors in [0, 1], with uu in place of u, "
    "the scores after uu, uuuu, ... have one order from some length on. The right answers after every second "
    "repetition have not.",
    source="On counting modulo 3 with triangular matrices: Grazzi et al. 2024, arXiv:2411.12537. The argument for IEEE "
    "arithmetic is this package's.",
)
FEW_TURNS = Theorem(
    "a state with R different decays changes sides at most R times",
    "Let one layer have a state that is linear in itself, with at most R different factors, each in [0, 1], while one "
    "symbol is repeated from the start, and a linear read-out. In exact arithmetic its answer then changes between two "
    "answers at most R times. So a task where the right answer changes more often within the length cannot be solved: "
    "for parity, R + 2 ones are too many.",
    "The difference of the two scores after t symbols is c + sum_j c_j r_j^t, with r_j in [0, 1); where r_j = 1 there "
    "is a term c_j t in its place. It has at most R + 1 terms in all. A sum of R + 1 different exponentials of t, of "
    "which that of rate 0 may come with t, has at most R real zeros unless it is 0: divide by one of them and "
    "differentiate, which removes a term and, by Rolle's theorem, at most one zero. Between two answers on opposite "
    "sides lies a zero.",
)
FADES = Theorem(
    "a linear recurrence whose factors stay below 1 forgets every number",
    "Let one layer multiply its state by factors of absolute value below 1 that, like what is added, depend on the "
    "current input alone. In exact arithmetic no such layer with a linear read-out recalls numbers of [-a, a] at every "
    "length: the largest error is at least a, no better than answering 0, for any number of units.",
    "After the number, let every input be a. While the input is constant, so are the factors, and the difference of "
    "the states that two different numbers leave behind is multiplied by them again and again: it tends to 0, and with "
    "it the difference of the answers to a and to -a, which differ by 2a. One of them errs by a in the limit. (In IEEE "
    "arithmetic a factor may round to exactly 1.)",
)
GATES_DO_NOT_READ = Theorem(
    "gates that do not read the state cannot tell a first number from later ones",
    "Let one layer multiply its state by factors in [0, 1], R of which are different, and add to it, by gates that "
    "depend on the current input alone. If x_k is recalled from [-a, a] with an error of at most e in exact "
    "arithmetic, by a linear read-out, then e >= a / 2^(R+1) where at least R + 1 inputs follow x_k (one more where "
    "the read-out depends on the input too).",
    "Compare x = (q, ..., q) with the sequence that has p in place of the input that lies m steps before the end. "
    "While q is read, the state is multiplied by constant factors r_j. So the difference of the two answers, as a "
    "function of m, is E(m) = sum_j c_j r_j^m + c: what the state was when p came adds only to c and, if r_j = 1, a "
    "term linear in m for c_j. Hence E satisfies the linear recurrence with the roots r_j and 1, of order R + 1, whose "
    "coefficients have absolute values with a sum of at most 2^(R+1) - 1. |E(m)| <= 2e for each m but that of x_k; "
    "there E differs from p - q by at most 2e. With p - q = 2a: 2a - 2e <= (2^(R+1) - 1) 2e.",
)
TOO_MANY_PAIRS = Theorem(
    "more pairs than a query has coefficients cannot be told apart",
    "Let the scores of the answers, when a key is asked for, depend on what was stored only through D numbers, the "
    "same for all keys, in a linear way that the key chooses: the D components of queries, or those of the state. "
    "Then D + 1 key-value pairs cannot all be recalled, whatever is written to the memory, in exact arithmetic.",
    "Store only the values a and b. For the key k, the score of a minus that of b is s.w_k + g_k: s, of D numbers, "
    "depends on what was stored, w_k and g_k on the key. Among D + 1 keys there are coefficients, not all 0, with "
    "sum_k c_k w_k = 0, so that sum_k c_k (s.w_k + g_k) = sum_k c_k g_k whatever is stored. If a is stored under the "
    "keys with c_k > 0 and b under the others, right answers make it positive; if b and a, negative.",
)
NOT_SOLVABLE = Theorem(
    "diagonal recurrences do not track groups that are not solvable",
    "No number of layers with a diagonal recurrence, real or complex, whose factors depend on the input or not, gives "
    "the product of a word of elements of A5 or S5 at every length: in arithmetic whose precision is finite, or, "
    "unless the circuit classes TC0 and NC1 are the same, grows with the logarithm of the length.",
    "",
    rests_on="Shakerinava et al. 2026, arXiv:2603.01959, for finite precision: k layers track exactly the groups with "
    "a subnormal series of length k with Abelian factors; Merrill, Petty & Sabharwal 2024, arXiv:2404.08819, for "
    "logarithmic precision, with Barrington 1989 on words over groups that are not solvable",
    source="Merrill, Petty & Sabharwal 2024, arXiv:2404.08819; Shakerinava et al. 2026, arXiv:2603.01959",
)


def impossible(
    task: Task, cell: str, units: int | None, heads: int, steps: int | None, tolerance: float, semantics: Semantics
) -> Theorem | None:
    """The theorem that excludes one layer of ``cell``; None if there is none. ``units`` None: any number of them.

    A claim up to a length is one for both arithmetics: a theorem on exact arithmetic excludes it.
    """
    exact = steps is not None or semantics == "real"
    if isinstance(task, AutomatonTask):
        return _of_automata(task, cell, units, heads, steps, exact)
    if isinstance(task, Recall) and exact:
        return _of_recall(task, cell, units, heads, steps, tolerance)
    if isinstance(task, Mqar) and exact and cell in QUERIES | dict.fromkeys(TURNING):
        if cell == "linear_attention" and heads > 1:  # every head has a denominator of its own
            return None
        one = linear_cells.size(cell, QUERIES.get(cell, ("unit",)), units, heads)
        most = None if one is None else 2 * one if cell in TURNING else one
        return TOO_MANY_PAIRS if most is not None and task.pairs > most else None
    return None


def counted(task: AutomatonTask, cell: str) -> Cycle | None:
    """A cycle of the task's automaton that one layer of this cell does not follow at every length."""
    if cell in DECAYS or cell in NORMALISED:
        return cycle(task.automaton)
    if cell in SIGNED:
        return cycle(task.automaton, period=2)
    return turns(task.automaton, None)[1] if cell in ERASING else None


def _of_automata(
    task: AutomatonTask, cell: str, units: int | None, heads: int, steps: int | None, exact: bool
) -> Theorem | None:
    if steps is None and cell not in ERASING and counted(task, cell) is not None:
        return POWERS_OF_TWO if cell in SIGNED else NO_CYCLES
    diagonal = cell in (*DECAYS, *SIGNED, *TURNING)
    if diagonal and not exact and isinstance(task, Group) and task.group in ("A5", "S5"):
        return NOT_SOLVABLE
    decays = linear_cells.size(cell, (DECAYS | ERASING)[cell], units, heads) if cell in DECAYS | ERASING else None
    if exact and decays is not None and turns(task.automaton, steps)[0] > decays:
        return FEW_TURNS
    return None


def _of_recall(
    task: Recall, cell: str, units: int | None, heads: int, steps: int | None, tolerance: float
) -> Theorem | None:
    half = (task.range[1] - task.range[0]) / 2
    if steps is None:
        return FADES if cell in (*DECAYS, *SIGNED, *TURNING) and tolerance < half else None
    decays = linear_cells.size(cell, DECAYS[cell], units, heads) if cell in DECAYS else None
    if decays is None or steps - task.position < decays + 1 + (cell in READS_BY_INPUT):
        return None
    return GATES_DO_NOT_READ if tolerance < half / 2.0 ** (decays + 1) else None
