"""OFFENDER: a construction runs what it makes; of the engine it may know the network alone."""

from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll

__all__ = ["Network", "unroll"]
