"""Print the commands that the README shows in its `sh` blocks, one a line; what `make` runs is left to the caller."""

import re
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"

if __name__ == "__main__":
    for block in re.findall(r"^```sh\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line and not line.startswith(("#", "make ")):
                print(line)
