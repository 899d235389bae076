"""The bill of materials that `export.sh` writes beside an image."""

import importlib.util
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def parts(repository: Path) -> Any:
    """The program, which runs inside an image without the package."""
    specification = importlib.util.spec_from_file_location("list_parts", repository / "container" / "list_parts.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_each_python_package_has_its_version_its_address_and_its_licence(
    parts: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["-", "retseg-drive:1-cpu-exec"])
    monkeypatch.setattr(parts, "list_debian", lambda: iter(()))
    parts.main()
    bill = json.loads(capsys.readouterr().out)
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "retseg-drive:1-cpu-exec")
    (numpy,) = (each for each in bill["components"] if each["name"] == "numpy")
    assert numpy["purl"] == f"pkg:pypi/numpy@{version('numpy')}"
    assert "BSD" in json.dumps(numpy["licenses"])


def test_the_packages_of_debian_are_those_that_are_installed(parts: Any, tmp_path: Path) -> None:
    (tmp_path / "status").write_text(
        "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u10\n"
        "Description: GNU C Library\n shared: libraries\n\n"
        "Package: old\nStatus: deinstall ok config-files\nVersion: 1\n"
    )
    (libc,) = parts.list_debian(tmp_path / "status")
    assert libc["purl"] == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64"
    assert list(parts.list_debian(tmp_path / "absent")) == []
