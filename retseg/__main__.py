"""Run the `retseg` command as `python -m retseg`."""

import sys

from retseg.cli import main

if __name__ == "__main__":
    sys.exit(main())
