"""Find how much memory a network may use on this machine."""

from pathlib import Path

SHARE = 0.75
"""Of the memory that the process may have."""

RESERVED = 512 * 2**20
"""Bytes of that share for the program, the image and its masks."""

CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container finds its limit: version 2 and version 1 of control groups."""

MEMINFO = Path("/proc/meminfo")


def find_budget(cgroups: tuple[Path, ...] = CGROUPS, meminfo: Path = MEMINFO) -> int:
    """The bytes that a network may use: three quarters of the container's or the machine's memory, less a reserve.

    It follows from limits alone, not from what is free at the moment: the same image is always cut in the same way.

    Args:
        cgroups: files that may hold a limit in bytes; `max` means none.
        meminfo: the kernel's table of the machine's memory.
    """
    limits = [_read_total(meminfo), *(_read_limit(path) for path in cgroups if path.is_file())]
    return max(0, int(SHARE * min(limits)) - RESERVED)


def _read_limit(path: Path) -> int:
    text = path.read_text().strip()
    return int(text) if text.isdigit() else 2**63


def _read_total(meminfo: Path) -> int:
    line = next(line for line in meminfo.read_text().splitlines() if line.startswith("MemTotal:"))
    return int(line.split()[1]) * 1024
