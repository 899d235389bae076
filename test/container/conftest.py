"""A Docker engine, the project's own images, and containers that are broken in one known way."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHALLENGE = "drive"
CASE = ROOT / "test" / "cases" / CHALLENGE / "01"


def _run(*arguments, cwd=ROOT):
    return subprocess.run([str(word) for word in arguments], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def run():
    """Run a command in the repository and return how it went, its output as text."""
    return _run


@pytest.fixture(scope="session")
def case():
    """A case of the challenge, with `input` and `expected`."""
    return CASE


@pytest.fixture(scope="session")
def engine():
    """Skip where no Docker engine answers."""
    if not shutil.which("docker") or _run("docker", "info").returncode:
        pytest.skip("no Docker engine answers here")


@pytest.fixture(scope="session")
def build_image(engine):
    """Build the `cpu` image of an API, once, and return its tag."""
    built = {}

    def build(api):
        if api not in built:
            done = _run("./build.sh", CHALLENGE, "--variant", "cpu", "--api", api)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            built[api] = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("image "))
        return built[api]

    return build


@pytest.fixture(scope="session")
def build_evaluation(engine):
    """Build the evaluation image of a challenge, once, and return its tag."""
    built = {}

    def build(challenge):
        if challenge not in built:
            done = _run("./build.sh", "--evaluation", challenge)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            built[challenge] = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("image "))
        return built[challenge]

    return build


@pytest.fixture
def build_faulty(build_image, tmp_path):
    """Build an image on top of ours that commits one fault of `faulty.py`; removed after the test."""
    tags = []

    def build(fault):
        base = build_image("invoke" if fault == "crash" else "exec")
        lines = [f"FROM {base}"]
        if fault == "root":
            lines.append("USER root")
        else:
            shutil.copy(Path(__file__).with_name("faulty.py"), tmp_path)
            lines.append("COPY faulty.py /opt/app/faulty.py")
            lines.append(f'ENTRYPOINT ["python3", "/opt/app/faulty.py", "{fault}"]')
        (tmp_path / "Dockerfile").write_text("\n".join(lines) + "\n")
        tags.append(f"retseg-faulty:{fault.replace('_', '-')}")
        done = _run("docker", "build", "--tag", tags[-1], tmp_path)
        if done.returncode:  # the command has no BuildKit of its own
            done = _run("env", "DOCKER_BUILDKIT=0", "docker", "build", "--tag", tags[-1], tmp_path)
        assert done.returncode == 0, done.stderr
        return tags[-1]

    yield build
    for tag in tags:
        _run("docker", "image", "rm", "--force", tag)
