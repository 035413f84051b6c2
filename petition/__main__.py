"""The command `petition`, and `python -m petition`."""

from petition.cli import main

if __name__ == "__main__":
    main()
