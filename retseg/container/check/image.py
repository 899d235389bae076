"""Rules of the upload form for an image, applied to what the engine reports of it.

Source: `validate_docker_image` and `_get_image_api_method` of rse-grand-challenge.
"""

from collections.abc import Mapping
from typing import Any

from retseg.container.check.finding import Finding, passed

API_LABEL = "org.grand-challenge.api-method"
APIS = ("exec", "invoke")
STRIPPED_PREFIX = "GRAND_CHALLENGE_"
LARGEST_BYTES = 10_000_000_000


def judge_image(config: Mapping[str, Any], architecture: str, size: int) -> tuple[Finding, ...]:
    """Apply all rules for an image.

    Args:
        config: `Config` of `docker image inspect`, or `config` of an exported image: User, Labels, Env, Entrypoint.
        architecture: of the image, such as `amd64`.
        size: bytes, uncompressed; 0 when unknown.
    """
    return (
        _judge_user(str(config.get("User") or "")),
        _judge_architecture(architecture),
        _judge_label((config.get("Labels") or {}).get(API_LABEL)),
        _judge_command(config),
        _judge_environment([str(entry) for entry in config.get("Env") or ()]),
        _judge_size(size),
    )


def read_environment(config: Mapping[str, Any], name: str) -> str:
    """The value of an environment variable of the image; empty without one."""
    found = [entry.partition("=")[2] for entry in config.get("Env") or () if entry.startswith(f"{name}=")]
    return found[-1] if found else ""


def _judge_user(user: str) -> Finding:
    if user.partition(":")[0] in ("", "root", "0"):
        return Finding(
            "image.user",
            "fail",
            f"the container runs as root (USER is '{user}')",
            "create a user in the Dockerfile and end with `USER name`: the platform refuses root",
        )
    return passed("image.user", f"USER is {user}, not root")


def _judge_architecture(architecture: str) -> Finding:
    if architecture != "amd64":
        return Finding(
            "image.architecture",
            "fail",
            f"the image is for {architecture or 'an unknown architecture'}",
            "build it with --platform=linux/amd64",
        )
    return passed("image.architecture", "the image is for amd64")


def _judge_label(label: str | None) -> Finding:
    if label is None:
        return passed("image.label", f"no label {API_LABEL}, which means exec")
    if label not in APIS:
        return Finding(
            "image.label", "fail", f"the label {API_LABEL} is '{label}'", "set it to exec or invoke, or leave it out"
        )
    return passed("image.label", f"the label {API_LABEL} is {label}")


def _judge_command(config: Mapping[str, Any]) -> Finding:
    command = [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]
    if not command:
        return Finding("image.command", "fail", "there is neither ENTRYPOINT nor CMD", "end the Dockerfile with one")
    return passed("image.command", f"it runs {' '.join(command)}")


def _judge_environment(entries: list[str]) -> Finding:
    stripped = [name for name, _, _ in (entry.partition("=") for entry in entries) if name.startswith(STRIPPED_PREFIX)]
    if stripped:
        return Finding(
            "image.environment",
            "warn",
            f"the platform removes {', '.join(stripped)} before the process starts",
            f"use a name that does not start with {STRIPPED_PREFIX}",
        )
    return passed("image.environment", f"no variable starts with {STRIPPED_PREFIX}")


def _judge_size(size: int) -> Finding:
    if size > LARGEST_BYTES:
        return Finding(
            "image.size",
            "warn",
            f"the image is {size / 1e9:.1f} GB",
            "aim at less than 10 GB, with the weights in model.tar.gz",
        )
    return passed("image.size", f"the image is {size / 1e9:.2f} GB" if size else "the size is not known")
