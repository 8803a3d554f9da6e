"""Decoders of C kept quiet: what they write to stderr by themselves reaches nobody.

Conventions:
    mpg123, which libsndfile decodes MP3 with, writes warnings of broken files to C's stream `stderr`, and libsndfile
    has no switch for it. The stream is a variable of the C library, which for the GNU one may be set: while anything is
    decoded it is a stream to nowhere. File descriptor 2 stays as it is, so that what Python and other processes write
    is never lost, whichever thread writes it. Where the C library is another one, nothing is done.

Source:
    The GNU C Library Reference Manual, "Standard Streams"; libsndfile, issue 958.
"""

import ctypes
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Stream:
    """C's `stderr`, and how many are decoding."""

    def __init__(self) -> None:
        self._lock, self._n_decoding = threading.Lock(), 0
        library = ctypes.CDLL(None)
        library.fopen.restype = ctypes.c_void_p
        self._variable = ctypes.c_void_p.in_dll(library, "stderr")
        self._own, self._nowhere = self._variable.value, library.fopen(os.devnull.encode(), b"w")
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_anew)

    def change(self, n: int) -> None:
        """Count one more or one fewer who decodes."""
        with self._lock:
            self._n_decoding += n
            self._variable.value = self._nowhere if self._n_decoding and self._nowhere else self._own

    def _begin_anew(self) -> None:
        """In a forked process no thread decodes yet, whatever the others did."""
        self._lock, self._n_decoding = threading.Lock(), 0
        self._variable.value = self._own


_STREAM = _Stream() if platform.libc_ver()[0] == "glibc" else None


@contextmanager
def quiet_decoder() -> Iterator[None]:
    """While it lasts, C code's own warnings on stderr are dropped; several threads may do so at once."""
    if _STREAM is None:
        yield
        return
    _STREAM.change(1)
    try:
        yield
    finally:
        _STREAM.change(-1)
