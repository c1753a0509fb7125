"""OFFENDER: core knows the engine."""

import holdfast.engine.network as network

__all__ = ["network"]
