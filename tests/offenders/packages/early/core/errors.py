"""OFFENDER: errors need JAX, even if only sometimes."""

try:
    import jax
except ImportError:
    jax = None
