"""Grand Challenge `invoke`: the work of process.py, kept warm behind GET /health and POST /invoke on port 4743."""

import sys

from retseg.cli import run_script

if __name__ == "__main__":
    sys.exit(run_script("serve", "serve.py"))
