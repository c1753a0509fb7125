"""The compiled library: a cell's step as C++, generated from the cell's definition and run by hand-written loops.

``program`` records a cell's step, ``generate`` writes it as C++ when the package is built, ``library`` finds and loads
the built library, ``operation`` makes it an operation of JAX. The C++ files from low to high level: ``vector.h`` (SIMD
vectors), ``functions.h`` (sigmoid, tanh), ``product.h`` (matrix products), ``sequence.h`` and ``gradient.h`` (forward
and backward over time), ``kernels.cpp`` (everything for one instruction set), ``pool.cpp`` (threads), ``dispatch.cpp``
(choice of instruction set), ``ffi.cpp`` (the functions that XLA calls).
"""
