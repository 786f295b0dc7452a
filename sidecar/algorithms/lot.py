"""Chance that is the same however often it is asked: a share of requests, drawn by their ids."""

from __future__ import annotations

from hashlib import blake2b


def draw(decision: bytes, purpose: bytes) -> float:
    """A number from 0 up to, and without, 1, evenly spread over decisions.

    Those for different purposes have nothing to do with each other. A purpose is up to 64 bytes;
    of longer ones those count. Takes a microsecond.
    """
    hashed = blake2b(decision, digest_size=7, key=purpose[:64]).digest()
    # 56 bits: more than a float tells apart would be rounded up to 1.
    return (int.from_bytes(hashed) >> 3) / (1 << 53)
