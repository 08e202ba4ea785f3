"""`python -m recall.cli`: the command without its script."""

from recall.cli import main

main()
