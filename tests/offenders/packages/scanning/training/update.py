"""A loop over time of its own, imported by name."""

from jax.lax import scan

__all__ = ["scan"]
