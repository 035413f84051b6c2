"""How well one colour is seen on another, as WCAG 2 counts it."""

from __future__ import annotations


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black and white), for colours such as #0a5f57."""
    low, high = sorted((_light(one), _light(other)))
    return (high + 0.05) / (low + 0.05)


def _light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
