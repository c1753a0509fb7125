"""The random networks, states and inputs with which tests and the laws of cells are met."""

from holdfast.plugins.random_networks import numbers, random_network, random_state, randomised

__all__ = ["numbers", "random_network", "random_state", "randomised"]
