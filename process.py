"""Grand Challenge `exec`: segment what lies in /input, write masks to /output, end."""

import sys

from retseg.cli import run_script

if __name__ == "__main__":
    sys.exit(run_script("process", "process.py"))
