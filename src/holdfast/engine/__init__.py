"""Networks in time. Importing it tells XLA how to compile their loops, before anything is compiled."""

from holdfast.engine.compiled import compile_small_loops_whole

compile_small_loops_whole()
