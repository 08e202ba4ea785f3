"""Compiling for all kernels: `compiled` for what the rest of the project calls, `inlined` for what only kernels call.

In: functions in the part of Python that numba knows. Out: the same functions as machine code, compiled when they are
first called. Nothing needs a folder that can be written: without one, each process compiles anew.
"""

import zlib
from collections.abc import Callable
from functools import cache, update_wrapper
from pathlib import Path
from types import CellType, FunctionType
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function and keep its machine code for other processes, where numba finds a folder for that.

    The folder is NUMBA_CACHE_DIR, else that of the source file, else the user's cache folder. numba compiles anew when
    the function's own source file changes, and looks no further: so the digest of all kernels is put into the
    function's closure, which numba compares too.
    """
    jit: Any = numba.njit
    try:
        result: F = jit(_with_digest(function), cache=True, nogil=True)
    except RuntimeError:  # there is no folder that numba could write
        result = jit(function, nogil=True)
    return result


def inlined(function: F) -> F:
    """Compile a function as a part of the compiled functions that call it; it is kept with them."""
    jit: Any = numba.njit(nogil=True)
    result: F = jit(function)
    return result


def _with_digest(function: Any) -> Any:
    """The same function with one more free variable, which holds the digest and is not used."""
    code = function.__code__
    closure = (*(function.__closure__ or ()), CellType(sources_digest()))
    code = code.replace(co_freevars=(*code.co_freevars, "sources_digest"))
    copied = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure)
    return update_wrapper(copied, function)


@cache
def sources_digest() -> int:
    """A number that changes with the text of any kernel."""
    return zlib.crc32(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))
