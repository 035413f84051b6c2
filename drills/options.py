"""Options: what the drills let people choose on the command line."""

import argparse
from collections.abc import Callable
from typing import Final

ROUNDS: Final = 5
MOST_ROUNDS: Final = 300


def bounded(most: int) -> Callable[[str], int]:
    """A whole number from 1 on."""

    def convert(text: str) -> int:
        number = int(text)
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"takes 1 to {most:,}")
        return number

    return convert


def rounds(parser: argparse.ArgumentParser) -> None:
    """How often a drill breaks things."""
    parser.add_argument(
        "--rounds", type=bounded(MOST_ROUNDS), default=ROUNDS, help=f"green rounds ({ROUNDS})"
    )
