"""`python -m petition` is `petition`."""

from petition.cli import main

main()
