"""Rules for an exported image (`docker save`): those of the upload form, and no trace of the building machine.

Source: `validate_docker_image` of rse-grand-challenge; both layouts that `docker save` writes, that of Docker before 25
(`<id>.json`, `<layer>/layer.tar`) and that of OCI (`blobs/sha256/...`), are read through `manifest.json`.
"""

import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from retseg.container.check.finding import Finding, passed
from retseg.container.check.image import judge_image

MACHINE_VARIABLE = re.compile(
    r"\b((?:https?|ftp|all|no)_proxy|(?:PIP|UV)_\w+|SSL_CERT_(?:FILE|DIR)|\w*_CA_BUNDLE|\w*_EXTRA_CA_CERTS|GIT_SSL_CAINFO)=",
    re.IGNORECASE,
)
MACHINE_OPTION = re.compile(r"--(?:(?:extra-)?index-url|trusted-host|proxy|cert|find-links)\b")
MACHINE_FILES = frozenset({"pip.conf", ".pypirc", ".netrc", "uv.toml", ".npmrc", ".git-credentials", ".gitconfig"})
CERTIFICATE_SUFFIXES = frozenset({".crt", ".pem", ".key", ".p12"})
CACHES = ("root/.cache/", "var/lib/apt/lists/", "var/cache/apt/archives/", "home/")
COMPILERS = frozenset({"gcc", "g++", "cc", "clang", "nvcc", "make", "pip", "pip3"})
MOST_SHOWN = 4


def judge_archive(path: Path) -> tuple[Finding, ...]:
    """Apply all rules to the file that `docker save` wrote (`.tar`, `.tar.gz` or `.tar.xz`)."""
    try:
        with tarfile.open(path) as archive:
            return _judge_open(archive)
    except (tarfile.TarError, OSError, EOFError) as error:
        sentence = f"{path.name} is not a readable tar archive ({error})"
        return (Finding("archive.layout", "fail", sentence, "write it with `docker save IMAGE`"),)


def _judge_open(archive: tarfile.TarFile) -> tuple[Finding, ...]:
    manifest = _read_json(archive, "manifest.json")
    if not isinstance(manifest, list):
        remedy = "write it with `docker save IMAGE`, not with `docker export`"
        return (Finding("archive.layout", "fail", "the archive has no manifest.json", remedy),)
    if len(manifest) != 1:
        names = ", ".join(str(name) for entry in manifest for name in entry.get("RepoTags") or ["untagged"])
        sentence = f"the archive holds {len(manifest)} images ({names}), and must hold one"
        return (Finding("archive.one_image", "fail", sentence, "give `docker save` one image with one tag"),)
    config = _read_json(archive, str(manifest[0].get("Config", "")))
    if not isinstance(config, dict):
        sentence = "the archive does not hold the configuration that its manifest names"
        return (Finding("archive.layout", "fail", sentence, "save the image again"),)
    return (
        passed("archive.layout", "the archive is what `docker save` writes"),
        passed("archive.one_image", "it holds one image"),
        *judge_image(config.get("config") or {}, str(config.get("architecture", "")), 0),
        judge_settings(config),
        *judge_files(_list_files(archive, manifest[0].get("Layers") or [])),
    )


def judge_settings(config: Mapping[str, Any]) -> Finding:
    """Look for settings of the building machine in the environment and the history of an image."""
    environment = (config.get("config") or {}).get("Env") or []
    history = [str(step.get("created_by", "")) for step in config.get("history") or []]
    found = [MACHINE_VARIABLE.search(entry) for entry in environment if MACHINE_VARIABLE.match(entry)]
    found += [MACHINE_VARIABLE.search(step) or MACHINE_OPTION.search(step) for step in history]
    names = sorted({match.group(0).rstrip("=") for match in found if match})
    if names:
        return Finding(
            "archive.settings",
            "fail",
            f"settings of the building machine are in the image: {', '.join(names)}",
            "set them in the builder stage only, of which nothing but the finished environment is copied",
        )
    return passed("archive.settings", "no proxy, certificate or pip setting in its environment and history")


def judge_files(paths: Iterator[str]) -> list[Finding]:
    """Look for files of the building machine, for caches and for compilers among the paths of all layers."""
    machine, caches, tools = set(), set(), set()
    for path in paths:
        pure = PurePosixPath(path)
        inside_package = "site-packages" in pure.parts or "dist-packages" in pure.parts
        certificate = pure.suffix in CERTIFICATE_SUFFIXES and not inside_package
        apt_proxy = "apt.conf.d" in pure.parts and "proxy" in pure.name.lower()
        if pure.name in MACHINE_FILES or certificate or apt_proxy:
            machine.add(path)
        elif path.startswith(CACHES):
            caches.add(path)
        elif pure.parent.name == "bin" and pure.name in COMPILERS:
            tools.add(path)
    return [
        _judge_found("archive.machine", "fail", machine, "file(s) of the building machine", "copy only /opt/venv on"),
        _judge_found("archive.caches", "warn", caches, "cached file(s)", "remove them in the RUN that made them"),
        _judge_found("archive.tools", "warn", tools, "build tool(s)", "keep them in the builder stage"),
    ]


def _judge_found(rule: str, verdict: Any, found: set[str], what: str, remedy: str) -> Finding:
    if found:
        shown = ", ".join(sorted(found)[:MOST_SHOWN])
        return Finding(rule, verdict, f"there are {len(found)} {what} in the image: {shown}", remedy)
    return passed(rule, f"no {what}")


def _read_json(archive: tarfile.TarFile, name: str) -> Any:
    try:
        stream = archive.extractfile(name)
    except KeyError:
        return None
    return json.load(stream) if stream else None


def _list_files(archive: tarfile.TarFile, layers: list[str]) -> Iterator[str]:
    for name in layers:
        stream = archive.extractfile(name)
        if stream is not None:
            with tarfile.open(fileobj=stream, mode="r:*") as layer:
                for entry in layer:
                    if entry.isfile() or entry.issym():
                        yield entry.name.removeprefix("./")
