"""`python -m drills [NAME]`: the list of drills, or one of them."""

import argparse
import random
import sys
from types import ModuleType

from drills import (
    api,
    bombing,
    bounces,
    cannon,
    enumeration,
    full,
    fuzz,
    guessing,
    keys,
    kill,
    mail,
    pages,
    power,
    restart,
    slow,
    wordpress,
)
from drills.failure import DrillError
from drills.outcome import finish
from drills.sandbox import DATABASES, interruptible

DRILLS: dict[str, ModuleType] = {
    "kill": kill,
    "power": power,
    "restart": restart,
    "full": full,
    "enumeration": enumeration,
    "bombing": bombing,
    "fuzz": fuzz,
    "api": api,
    "slow": slow,
    "guessing": guessing,
    "keys": keys,
    "cannon": cannon,
    "pages": pages,
    "wordpress": wordpress,
    "mail": mail,
    "bounces": bounces,
}


def main() -> int:
    if len(sys.argv) < 2:
        for name, module in DRILLS.items():
            print(f"{name:12} {(module.__doc__ or '').splitlines()[0].partition(': ')[2]}")
        print("\n./run drill NAME --help tells more; docs/drills.md how to read it.")
        return 0
    chosen = _arguments()
    interruptible()
    try:
        module = DRILLS[chosen.drill]
        wanted = DATABASES if chosen.database == "both" else (chosen.database,)
        return finish([module.drill(database, chosen) for database in wanted])
    except DrillError as error:
        print(f"drill {chosen.drill}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"drill {chosen.drill}: interrupted; everything was cleared away", file=sys.stderr)
        return 130


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="drill", description=__doc__)
    names = parser.add_subparsers(dest="drill", required=True, metavar="NAME")
    for name, module in DRILLS.items():
        drill = names.add_parser(name, help=name, description=module.__doc__)
        drill.add_argument("--database", choices=(*DATABASES, "both"), default="both")
        drill.add_argument("--seed", type=int, default=random.randrange(10**6))
        drill.add_argument("--keep", action="store_true", help="keep the folder, to look into it")
        module.arguments(drill)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
