"""The notebook of docs/ runs from its first cell to its last, and is stored without outputs."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient


def test_the_notebook_runs_and_finds_most_of_the_vessels(repository: Path) -> None:
    path = repository / "docs" / "notebooks" / "from-python.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(repository)}}).execute()
    printed = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
    dice = next(line for line in printed.splitlines() if line.startswith("dice"))
    assert float(dice.split()[1]) > 0.5
