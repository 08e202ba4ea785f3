"""Functions as machine code, and what compiled code needs and numba lacks: raw pointers, unaligned loads, SIMD.

`compiled` makes what the rest of the project calls, `inlined` what only kernels call; without a folder that can be
written, each process compiles anew. A loop over bytes mispredicts a branch where each word, name or value ends: here a
window of 64 bytes is compared at once, and the answer is 64 bits, the lowest for the first byte. Pointers must point
to enough memory: nothing is checked.
"""

import zlib
from collections.abc import Callable
from functools import cache, update_wrapper
from pathlib import Path
from types import CellType, FunctionType
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., object])
Octets = npt.NDArray[np.uint8]

WIDTH = 64
"""Bytes of a window."""

_BITS, _ADDRESS, _WINDOW = numba.types.uint64, numba.types.uintp, ir.VectorType(ir.IntType(8), WIDTH)


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


def _pointer_to(_: Any, array: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    typed: Any = numba.types.CPointer
    return typed(array.dtype)(array), build


def _address_of(_: Any, pointer: Any) -> Any:
    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ptrtoint(arguments[0], context.get_value_type(_ADDRESS))

    return _ADDRESS(pointer), build


def _eight_at(_: Any, _address: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], ir.IntType(64).as_pointer()), align=1)

    return _BITS(_ADDRESS), build


def _eight_to(_: Any, _address: Any, _word: Any) -> Any:
    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        builder.store(arguments[1], builder.inttoptr(arguments[0], ir.IntType(64).as_pointer()), align=1)
        return context.get_dummy_value()

    return numba.types.none(_ADDRESS, _BITS), build


def _load_window(builder: Any, address: Any) -> Any:
    return builder.load(builder.inttoptr(address, _WINDOW.as_pointer()), align=1)


def _comparison(sign: str) -> Any:
    def compare(_: Any, _address: Any, _byte: Any) -> Any:
        def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            undefined = ir.Constant(_WINDOW, ir.Undefined)
            byte = builder.trunc(arguments[1], ir.IntType(8))
            first = builder.insert_element(undefined, byte, ir.Constant(ir.IntType(32), 0))
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), None)
            all_of_it = builder.shuffle_vector(first, undefined, zeros)
            matches = builder.icmp_unsigned(sign, _load_window(builder, arguments[0]), all_of_it)
            return builder.bitcast(matches, ir.IntType(WIDTH))

        return _BITS(_ADDRESS, numba.types.int64), build

    return compare


def _trailing_zeros(_: Any, _bits: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return numba.types.int64(_BITS), build


def _window_to(_: Any, _source: Any, _target: Any) -> Any:
    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        target = builder.inttoptr(arguments[1], _WINDOW.as_pointer())
        builder.store(_load_window(builder, arguments[0]), target, align=1)
        return context.get_dummy_value()

    return numba.types.none(_ADDRESS, _ADDRESS), build


pointer: Any = intrinsic(_pointer_to)
"""A pointer to an array's numbers. An index into an array may be negative, which is looked at each time, and an array
is seven numbers to hand on. An array that was made in compiled code must be used once more behind its pointer, or numba
frees it before."""
address: Callable[..., int] = intrinsic(_address_of)
"""A pointer's address as an unsigned number of 64 bits."""
load_eight: Callable[..., int] = intrinsic(_eight_at)
"""Eight bytes at an address as a number, the first the lowest."""
store_eight: Callable[..., None] = intrinsic(_eight_to)
"""Write a number as eight bytes to an address."""
equal: Callable[..., int] = intrinsic(_comparison("=="))
"""A bit for each byte of the window at an address that equals the given one."""
up_to: Callable[..., int] = intrinsic(_comparison("<="))
"""A bit for each byte of the window that is not above the given one."""
zeros: Callable[..., int] = intrinsic(_trailing_zeros)
"""The index of the lowest bit that is set; WIDTH when none is."""
copy_window: Callable[..., None] = intrinsic(_window_to)
"""Copy the window at an address to another one, where there must be room for all of it."""

_types: Any = numba.types
signed: Callable[..., int] = _types.int64
unsigned: Callable[..., int] = _types.uint64
"""Numbers of 64 bits; the two do not mix in compiled code, where a sum of both would be a float."""

HIGH_BITS: Any = np.uint64(0x8080808080808080)
"""The bits that none of eight bytes has set if all are ASCII."""
_TWO: Any = np.uint64(2)
_FROM_A: Any = np.uint64(0x0101010101010101 * (0x80 - ord("A")))
_AFTER_Z: Any = np.uint64(0x0101010101010101 * (0x7F - ord("Z")))


@inlined
def lowercase_eight(word: int) -> int:
    """Eight ASCII bytes in lower case."""
    # the two sums raise the high bit of bytes from A on, and of bytes after Z
    capitals: int = ((word + _FROM_A) ^ (word + _AFTER_Z)) & HIGH_BITS
    lowercase: int = word | capitals >> _TWO
    return lowercase


@inlined
def lowercase_word(start: int, length: int) -> int:
    """The first `length` bytes, at most eight, at an address, in lower case; all bits set where one is not ASCII."""
    if length <= 0:
        return unsigned(0)
    word = load_eight(start)
    if length < 8:
        word &= (unsigned(1) << unsigned(8 * length)) - unsigned(1)
    if word & HIGH_BITS:
        return ~unsigned(0)
    return lowercase_eight(word)


@inlined
def write_character(out: Octets, at: int, point: int) -> int:
    """Write the UTF-8 of a code point; returns how many bytes it has."""
    if point < 0x80:
        out[at] = point
        return 1
    if point < 0x800:
        out[at] = 0xC0 | point >> 6
        out[at + 1] = 0x80 | point & 63
        return 2
    if point < 0x10000:
        out[at] = 0xE0 | point >> 12
        out[at + 1] = 0x80 | point >> 6 & 63
        out[at + 2] = 0x80 | point & 63
        return 3
    out[at] = 0xF0 | point >> 18
    out[at + 1] = 0x80 | point >> 12 & 63
    out[at + 2] = 0x80 | point >> 6 & 63
    out[at + 3] = 0x80 | point & 63
    return 4
