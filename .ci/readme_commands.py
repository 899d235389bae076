"""Print the commands that a page shows in its `sh` blocks, one a line; what `make` runs is left to the caller.

python .ci/readme_commands.py [PAGE]    default: README.md
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    page = ROOT / (sys.argv[1] if len(sys.argv) > 1 else "README.md")
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", "").splitlines():
            if line and not line.startswith(("#", "make ")):
                print(line)
