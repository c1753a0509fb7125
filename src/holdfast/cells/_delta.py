"""The write of the delta rule, shared by the cells whose memory is written by it.

    S' = S (I - b k k^T) + b v k^T

For a key k of length 1 the new matrix returns (1 - b) S k + b v under k, and under every key orthogonal to k what S
returned: a write of strength b = 1 replaces the value under k, and nothing else.
"""

from __future__ import annotations

from holdfast.core.ops import Reading, Value


def written(ops: Reading, memory: Value, key: Value, value: Value, strength: Value) -> Value:
    """The memory [..., head, value, key] after the write of a value [..., head, value] under a key [..., head, key]
    with a strength [..., head]."""
    change = ops.multiply(strength, key)
    return ops.add(ops.erase(memory, key, change), ops.outer(value, change))
