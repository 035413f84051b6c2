"""`python -m bench [NAME]`: one benchmark, or all; 1 when a target was missed."""

from __future__ import annotations

import argparse
import sys
from types import ModuleType

from bench import console, export, page, sign, webhooks, widget
from bench.load_generator import MOST_SECONDS
from drills.failure import DrillError
from drills.sandbox import interruptible

BENCHMARKS: dict[str, ModuleType] = {
    "sign": sign,
    "page": page,
    "export": export,
    "console": console,
    "widget": widget,
    "webhooks": webhooks,
}
MOST_ROUNDS = 21


def main() -> int:
    chosen = _arguments(sys.argv[1:])
    interruptible()
    missed = 0
    names = [chosen.name] if chosen.name else list(BENCHMARKS)
    try:
        for name in names:
            missed |= BENCHMARKS[name].run(chosen if chosen.name else _arguments([name]))
    except DrillError as error:
        print(f"bench {name}: {error}", file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        print(f"bench {name}: interrupted; everything was cleared away", file=sys.stderr)
        return 130
    return missed


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    names = parser.add_subparsers(dest="name", metavar="NAME")
    for name, module in BENCHMARKS.items():
        said = (module.__doc__ or "").splitlines()[0].partition(": ")[2]
        bench = names.add_parser(name, help=said, description=module.__doc__)
        bench.add_argument("--rounds", type=_rounds, default=3, help="of each measure (3)")
        bench.add_argument("--seconds", type=_seconds, default=4.0, help="of each measure (4)")
        bench.add_argument("--seed", type=int, default=1)
        module.arguments(bench)
    return parser.parse_args(words)


def _rounds(text: str) -> int:
    rounds = int(text)
    if not 1 <= rounds <= MOST_ROUNDS:
        raise argparse.ArgumentTypeError(f"takes 1 to {MOST_ROUNDS}")
    return rounds


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"takes 1 to {MOST_SECONDS:.0f}")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
