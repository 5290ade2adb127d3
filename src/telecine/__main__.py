"""`python -m telecine` is the command line."""

from telecine.cli import main

main()
