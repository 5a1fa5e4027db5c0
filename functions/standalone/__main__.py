"""``python -m standalone``: the command line where the console script is not installed."""

from __future__ import annotations

import sys

from standalone.cli import main

sys.exit(main())
