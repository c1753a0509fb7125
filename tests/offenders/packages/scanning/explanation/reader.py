"""Nothing is wrong here: what scans is no loop over time, and a parallel scan is another function."""

from jax import lax


def read(barcode, values):
    return barcode.scan(), lax.associative_scan(max, values)
