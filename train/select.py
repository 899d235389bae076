"""`python -m train.select`: the same as `python -m train select`."""

import sys

from train.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["select", *sys.argv[1:]]))
