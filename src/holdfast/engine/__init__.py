"""Networks and how they run over time. Importing this folder sets the XLA options for loops, before JAX compiles."""

from holdfast.engine.compiled import compile_small_loops_whole

compile_small_loops_whole()
