"""The command `petition`, and `python -m petition`."""

import gc

# What is imported lives as long as the process: looking through it for garbage over and over again
# is a third of a start.
gc.disable()

from petition.cli import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    main()
