"""Keep the stack on which this thread handles signals, which OpenVINO replaces by one that it later frees.

OpenVINO's plugin for the CPU gives the thread that loads it an alternate signal stack, see sigaltstack(2), because
processors with matrix registers (AMX) need a larger one than usual. Its destructor puts the earlier stack back and
frees its own. When two plugins go in the order in which they came, the second puts the freed stack of the first back,
and the next signal, such as SIGTERM or Ctrl-C, ends the process with a segmentation fault.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Stack(ctypes.Structure):
    """`stack_t` of Linux."""

    _fields_ = (("base", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def keeping_signal_stack() -> Iterator[None]:
    """Put the alternate signal stack of this thread back after the block, or none where there was none.

    On other systems than Linux, where OpenVINO does not replace it, nothing is done.
    """
    if sys.platform != "linux":
        yield
        return
    switch = ctypes.CDLL(None).sigaltstack
    earlier = _Stack()
    switch(None, ctypes.byref(earlier))
    try:
        yield
    finally:
        switch(ctypes.byref(earlier), None)
