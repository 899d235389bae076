"""Grand Challenge's own programs: the shim that starts a container there, with moto as its S3, and panimg, its reader.

They live in an environment of their own, `.venv-clients` with Python 3.12, which `make clients` makes; the tests are
skipped without it.
"""

import base64
import contextlib
import hashlib
import hmac
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / ".venv-clients" / "bin"
HERE = Path(__file__).parent
KEY = "00112233"
BUCKET = "platform"


@dataclass(frozen=True)
class Store:
    """An S3 store that moto plays at an address of this machine."""

    address: str

    def put(self, key: str, content: bytes = b"") -> None:
        """Store an object, or make the bucket where the key is empty."""
        self._ask("PUT", key, content)

    def get(self, key: str) -> tuple[bytes, str]:
        """An object, and the signature beside it; FileNotFoundError where there is none."""
        try:
            return self._ask("GET", key)
        except urllib.error.HTTPError as error:
            raise FileNotFoundError(key) from error

    def _ask(self, method: str, key: str, content: bytes | None = None) -> tuple[bytes, str]:
        """moto wants an owner for every read, checks no signature, and takes urllib's own type for a form."""
        who = {
            "Authorization": "AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/s3/aws4_request",
            "Content-Type": "application/octet-stream",
        }
        request = urllib.request.Request(f"{self.address}/{BUCKET}/{key}".rstrip("/"), content, who, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read(), answer.headers.get("x-amz-meta-signature_hmac_sha256", "")


@dataclass(frozen=True)
class Task:
    """A case for the shim.

    Attributes:
        pk: its key.
        files: that go to /input: relative path to content.
        unpacked: the path of the one among them that is a zip for the shim to unpack; empty for none.
        seconds: its limit of time.
    """

    pk: str
    files: dict[str, bytes]
    unpacked: str = ""
    seconds: int = 120


@dataclass(frozen=True)
class Outcome:
    """What the platform is told.

    Attributes:
        setup: whether the container started; `return_code` and `user_safe_error_message`.
        results: of the tasks that ran, by their keys.
        outputs: of the tasks, by their keys: relative path to content.
        log: what the shim printed, for a failed test.
    """

    setup: dict[str, Any]
    results: dict[str, dict[str, Any]]
    outputs: dict[str, dict[str, bytes]]
    log: str = field(repr=False)

    def read_last_line(self, pk: str) -> str:
        """The last line that is not empty on the container's stderr: what the submitter is shown."""
        lines = [line.strip() for line in self.results[pk]["user_process_last_stderr_lines"]]
        return next((line for line in reversed(lines) if line), "")


@dataclass(frozen=True)
class Platform:
    """The shim of the platform, which starts a program as it starts a container."""

    store: Store

    def run(
        self,
        program: Sequence[str],
        tasks: Sequence[Task],
        api: str = "exec",
        tarballs: dict[str, bytes] | None = None,
        **settings: str,
    ) -> Outcome:
        """Run tasks one after the other.

        Args:
            program: the command line in the place of the image's ENTRYPOINT.
            tasks: the cases.
            api: `exec` or `invoke`.
            tarballs: MODEL or GROUND_TRUTH to its `.tar.gz`.
            settings: further GRAND_CHALLENGE_COMPONENT_* of the shim.
        """
        prefix = f"{time.monotonic_ns()}"
        components = {
            "API_METHOD": api,
            "ENTRYPOINT_B64J": base64.b64encode(json.dumps(list(program)).encode()).decode(),
            "SIGNING_KEY_HEX": KEY,
            "RUNTIME_OUTPUT_BUCKET_NAME": BUCKET,
            "RUNTIME_OUTPUT_PREFIX": f"{prefix}/runtime",
            "SET_EXTRA_GROUPS": "False",
            "HEALTH_CHECK_CALL_TIMEOUT_SECONDS": "1",
            **settings,
        }
        for name, content in (tarballs or {}).items():
            self.store.put(f"{prefix}/{name}.tar.gz", content)
            components[name] = f"s3://{BUCKET}/{prefix}/{name}.tar.gz"
        environment = {
            **os.environ,
            **{f"GRAND_CHALLENGE_COMPONENT_{name}": value for name, value in components.items()},
            "AWS_S3_ENDPOINT_URL": self.store.address,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": "us-east-1",
            "PYTHONDONTWRITEBYTECODE": "",
        }
        listed = json.dumps([self._upload(prefix, task) for task in tasks])
        shim = [str(CLIENTS / "python"), "-m", "sagemaker_shim.cli", "invoke", "--tasks", listed]
        done = subprocess.run(
            ["bash", str(HERE / "as_on_the_platform.sh"), str(ROOT), *shim],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        log = done.stdout + done.stderr
        assert done.returncode == 0, log[-5000:]
        return self._collect(prefix, tasks, log)

    def _upload(self, prefix: str, task: Task) -> dict[str, Any]:
        inputs = []
        for path, content in task.files.items():
            key = f"{prefix}/in/{task.pk}/{path}"
            self.store.put(key, content)
            inputs.append(
                {
                    "relative_path": path,
                    "bucket_name": BUCKET,
                    "bucket_key": key,
                    "decompress": path == task.unpacked,
                }
            )
        return {
            "pk": task.pk,
            "inputs": inputs,
            "output_bucket_name": BUCKET,
            "output_prefix": f"{prefix}/out/{task.pk}",
            "timeout": f"PT{task.seconds}S",
        }

    def _collect(self, prefix: str, tasks: Sequence[Task], log: str) -> Outcome:
        setup = self._read_signed(f"{prefix}/runtime/.sagemaker_shim/runtime_setup_result.json")
        results, outputs = {}, {}
        for task in tasks:
            place = f"{prefix}/out/{task.pk}"
            try:
                results[task.pk] = self._read_signed(f"{place}/.sagemaker_shim/inference_result.json")
            except FileNotFoundError:
                continue
            paths = [output["relative_path"] for output in results[task.pk]["outputs"]]
            outputs[task.pk] = {path: self.store.get(f"{place}/{path}")[0] for path in paths}
        return Outcome(setup, results, outputs, log)

    def _read_signed(self, key: str) -> dict[str, Any]:
        content, signature = self.store.get(key)
        assert signature == hmac.new(bytes.fromhex(KEY), content, hashlib.sha256).hexdigest()
        read: dict[str, Any] = json.loads(content)
        return read


@pytest.fixture(scope="session")
def platform(clients: Path) -> Iterator[Platform]:
    """The shim of the platform, where this machine allows a file system of its own."""
    tried = subprocess.run(
        ["bash", str(HERE / "as_on_the_platform.sh"), str(ROOT), "true"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        pytest.skip(f"no file system of its own for the shim (`unshare`): {tried.stderr.strip()}")
    port = find_port()
    with subprocess.Popen(
        [clients / "moto_server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            store = Store(f"http://127.0.0.1:{port}")
            wait_for(port)
            store.put("")
            yield Platform(store)
        finally:
            server.kill()


def wait_for(port: int) -> None:
    """Wait until something listens on a port of this machine."""
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port}")


def find_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def port() -> int:
    """A port for a server that the shim starts."""
    return find_port()


@pytest.fixture(scope="session")
def program(repository: Path) -> Callable[..., list[str]]:
    """Makes the command line of one of the project's programs, in the place of an image's entry."""

    def make(name: str, *options: object) -> list[str]:
        return [sys.executable, str(repository / name), *map(str, options)]

    return make


@pytest.fixture(scope="session")
def make_task() -> Callable[..., Task]:
    """Makes a task of all files below a folder, or of paths and contents."""

    def make(source: Path | dict[str, bytes], pk: str = "case", **options: Any) -> Task:
        if isinstance(source, Path):
            paths = [path for path in source.rglob("*") if path.is_file()]
            source = {path.relative_to(source).as_posix(): path.read_bytes() for path in paths}
        return Task(pk, source, **options)

    return make


@pytest.fixture(scope="session")
def pack() -> Callable[[dict[str, bytes]], bytes]:
    """Makes a `.tar.gz` of paths and contents."""

    def pack(files: dict[str, bytes]) -> bytes:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return stream.getvalue()

    return pack


@pytest.fixture
def import_outputs(clients: Path, tmp_path: Path) -> Callable[[dict[str, bytes]], dict[str, Any]]:
    """What panimg knows of output images: `images` and `errors`, by relative path."""

    def read(outputs: dict[str, bytes]) -> dict[str, Any]:
        for name, content in outputs.items():
            path = tmp_path / "outputs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        command = [clients / "python", HERE / "import_outputs.py", tmp_path / "outputs"]
        fast = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
        done = subprocess.run(command, env=fast, capture_output=True, text=True, check=True)
        read: dict[str, Any] = json.loads(done.stdout)
        return read

    return read
