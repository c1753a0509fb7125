"""The compiled fast path: a cell's step as C++, generated from the cell's own text and run by hand-made loops.

``program`` records a cell's step, ``generate`` writes it as C++ when the package is built, ``library`` finds and
loads what was built, ``operation`` is what JAX sees. The C++ is read from the bottom up: ``vector.h`` (a vector of
numbers), ``functions.h`` (sigmoid, tanh), ``product.h`` (matrix products), ``sequence.h`` (a sequence forwards and
backwards), ``kernels.cpp`` (all of it for one instruction set), ``pool.cpp``, ``dispatch.cpp``, ``ffi.cpp``.
"""
