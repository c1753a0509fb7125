"""The automaton of a task as a program: the answer is a function of the state."""

from __future__ import annotations

from holdfast.construction.program import RegisterProgram, Sum
from holdfast.tasks._automaton_task import AutomatonTask


def program(task: AutomatonTask, cell: str) -> RegisterProgram:
    """A program whose one memory is the automaton of the task."""
    automaton, made = task.automaton, RegisterProgram()
    symbols = [f"symbol {symbol}" for symbol in automaton.symbols]
    states = [f"state {state}" for state in automaton.states]
    made.symbols(*symbols)
    table = {
        (states[state], symbols[symbol]): states[automaton.next[state, symbol]]
        for state in range(len(states))
        for symbol in range(len(symbols))
        if automaton.allowed[state, symbol]
    }
    shown = made.automaton(states, table)
    scores = [
        sum((one for one, of in zip(shown, automaton.answer, strict=True) if of == answer), Sum({}))
        for answer in range(len(automaton.answers))
    ]
    made.choose(scores, gap=1.0)
    return made
