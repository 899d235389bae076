"""Keep the memory that a training step frees for the next step."""

import ctypes

# mallopt's names for them, <malloc.h> of glibc
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Let this process, and those that it forks, keep freed memory for the next step instead of returning it.

    Every step allocates the same activations again. By default glibc returns them to the system, which hands them
    back as pages of zeros, one fault each: a seventh of a step's time on a CPU.

    Returns:
        Whether the C library has such a setting; it has not on macOS and Windows.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, 2**31 - 1))
