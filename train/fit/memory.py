"""Keep the memory that a training step frees for the next step."""

import ctypes

# mallopt's names for them, <malloc.h> of glibc
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed memory of this process, and of those that it forks, instead of returning it.

    Every step allocates the same activations again. By default glibc returns their memory to the system. The system
    then provides new pages of zeros, with a page fault for each, which takes a seventh of the time of a step on a CPU.

    Returns:
        Whether the C library has this setting; those of macOS and Windows do not.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, 2**31 - 1))
