"""`python -m pitcairn`: the command line, where its script is not on the path."""

from pitcairn.cli import main

raise SystemExit(main())
