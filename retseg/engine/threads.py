"""Find how many threads a network may use on this machine."""

import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Where a container finds its share of the processors by version 2 of control groups: quota and period, or `max`."""

OLD_QUOTA = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
OLD_PERIOD = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
"""The same by version 1; a quota below 0 means none."""


def find_threads(quota: Path = QUOTA, old: tuple[Path, Path] = (OLD_QUOTA, OLD_PERIOD)) -> int:
    """The processors that this process may use: those it may run on, and no more than the container's share of time.

    With more threads than that, each waits for time that another one has used up.

    Args:
        quota: the file of version 2.
        old: the files of version 1, quota and period.
    """
    available = len(os.sched_getaffinity(0))
    if quota.is_file():
        words = quota.read_text().split()
    elif all(path.is_file() for path in old):
        words = [path.read_text().strip() for path in old]
    else:
        words = []
    if len(words) != 2 or not all(word.isdigit() for word in words) or not int(words[1]):
        return available
    return max(1, min(available, -(-int(words[0]) // int(words[1]))))
