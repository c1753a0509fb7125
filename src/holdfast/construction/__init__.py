"""Derive weights without training: programs of registers and conditions, compiled to a cell, with an error bound."""
