"""Run the command line of the training as `python -m train`; see `train.cli`."""

from train.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
