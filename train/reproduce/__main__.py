"""`python -m train.reproduce`: the same as `python -m train reproduce`."""

import sys

from train.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["reproduce", *sys.argv[1:]]))
