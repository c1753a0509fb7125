"""The random networks, states and inputs with which tests and the laws of cells are met."""

from holdfast.plugins.random_networks import numbers, random_network, random_state, randomised

ONE_OF_EVERY_KIND = ("elman", "feedforward", "lstm", "lstm1997", "mingru", "mlstm")
"""Cells without and with a memory of their own, without a state, with gates that read it and with gates that do not,
and with a matrix: for what each cell meets in the same way as its like."""
__all__ = ["ONE_OF_EVERY_KIND", "numbers", "random_network", "random_state", "randomised"]
