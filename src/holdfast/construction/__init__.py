"""Weights by thought: programs of registers and conditions, laid out on a cell, with an error budget and a claim."""
