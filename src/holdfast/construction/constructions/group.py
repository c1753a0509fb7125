"""Words over a finite group by an automaton: the state is the product so far.

The argument is in ``construction/machine.py``.
"""

from __future__ import annotations

from holdfast.construction.constructions._automaton import program

__all__ = ["program"]
