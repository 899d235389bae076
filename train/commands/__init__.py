"""The commands of `python -m train`, a module each: `add_arguments` and `run`."""
