"""OFFENDER: an import that only its place explains."""

from ..train import loop

__all__ = ["loop"]
