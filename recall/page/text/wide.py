"""Compiled: 64 bytes of a page looked at together, and what is found among them told as 64 bits, the first the lowest.

A loop over bytes guesses wrongly once where each word, name or value ends; these count instead. Pages are bare
pointers here; see `kernel`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from recall.page.text.codes import SIZE, TAIL, Octets, State

WIDTH = 64
"""Bytes of a window."""

_Function = TypeVar("_Function", bound=Callable[..., object])
_BITS, _ADDRESS, _WINDOW = numba.types.uint64, numba.types.uintp, ir.VectorType(ir.IntType(8), WIDTH)


def compiled(function: _Function) -> _Function:
    """Compiled when first called from compiled code; kept by the cache of what calls it."""
    jit: Any = numba.njit(nogil=True)
    result: _Function = jit(function)
    return result


def _typed_address(_: Any, array: Any) -> Any:
    """How numba gets at the address of an array's numbers, with their type."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    address: Any = numba.types.CPointer
    return address(array.dtype)(array), build


def _number_of(_: Any, place: Any) -> Any:
    """How numba gets at a pointer's address."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ptrtoint(arguments[0], context.get_value_type(_ADDRESS))

    return _ADDRESS(place), build


def _load(builder: Any, address: Any) -> Any:
    return builder.load(builder.inttoptr(address, _WINDOW.as_pointer()), align=1)


def _comparison(sign: str) -> Any:
    """How numba compares the bytes of a window with one byte."""

    def compare(_: Any, _window: Any, _byte: Any) -> Any:
        def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            first = builder.insert_element(
                ir.Constant(_WINDOW, ir.Undefined),
                builder.trunc(arguments[1], ir.IntType(8)),
                ir.Constant(ir.IntType(32), 0),
            )
            all_of_it = builder.shuffle_vector(
                first, ir.Constant(_WINDOW, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), None)
            )
            found = builder.icmp_unsigned(sign, _load(builder, arguments[0]), all_of_it)
            return builder.bitcast(found, ir.IntType(WIDTH))

        return _BITS(_ADDRESS, numba.types.int64), build

    return compare


def _zeros_of(_: Any, _bits: Any) -> Any:
    """How numba counts the zeros below the lowest bit that is set, WIDTH where none is."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return numba.types.int64(_BITS), build


def _copy_of(_: Any, _window: Any, _target: Any) -> Any:
    """How numba copies a window."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        target = builder.inttoptr(arguments[1], _WINDOW.as_pointer())
        builder.store(_load(builder, arguments[0]), target, align=1)
        return context.get_dummy_value()

    return numba.types.none(_ADDRESS, _ADDRESS), build


def _eight_of(_: Any, _place: Any) -> Any:
    """How numba reads eight bytes as one number."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], ir.IntType(64).as_pointer()), align=1)

    return _BITS(_ADDRESS), build


pointer: Any = intrinsic(_typed_address)
"""A pointer to an array's numbers: calls with arrays, which are seven numbers each, would take most of the time."""
address: Callable[..., int] = intrinsic(_number_of)
"""A pointer's address as a number."""
equal: Callable[..., int] = intrinsic(_comparison("=="))
"""A bit for each byte of the window at an address that is the given one."""
upto: Callable[..., int] = intrinsic(_comparison("<="))
"""A bit for each that is not above it."""
zeros: Callable[..., int] = intrinsic(_zeros_of)
"""The place of the lowest bit; WIDTH when there is none."""
copy: Callable[..., None] = intrinsic(_copy_of)
"""Copy the window at an address to another one, where there must be room for all of it."""
eight: Callable[..., int] = intrinsic(_eight_of)
"""Eight bytes at an address as a number, the first the lowest."""

_HIGH: Any = np.uint64(0x8080808080808080)
_CASE: Any = np.uint64(2)
_FROM_A: Any = np.uint64(0x0101010101010101 * (0x80 - ord("A")))
_AFTER_Z: Any = np.uint64(0x0101010101010101 * (0x7F - ord("Z")))
"""Added to eight bytes below 0x80, they raise the high bit of those from A on, and of those after Z."""

_types: Any = numba.types
signed: Callable[..., int] = _types.int64
unsigned: Callable[..., int] = _types.uint64
"""Numbers of 64 bits; the two do not mix in compiled code, where a sum of both would be a float."""


@compiled
def window(source: Octets, state: State, at: int) -> int:
    """The address of WIDTH bytes of the page from `at` on; behind its end there are zeros."""
    if at + WIDTH <= state[SIZE]:
        return address(source) + unsigned(at)
    return unsigned(state[TAIL] + at)


@compiled
def first(source: Octets, state: State, at: int, byte: int) -> int:
    """The first place of `byte` from `at`, or the page's end."""
    size: int = state[SIZE]
    while at < size:
        found = equal(window(source, state, at), byte)
        if found:
            return at + zeros(found)
        at += WIDTH  # not by a count of zeros: the next window would wait for it
    return size


@compiled
def first_of(source: Octets, state: State, at: int, one: int, two: int, three: int) -> int:
    """The first place from `at` of a byte up to a space, or of one of three others; the page's end counts."""
    while True:
        here = window(source, state, at)
        found = upto(here, 32) | equal(here, one) | equal(here, two) | equal(here, three)
        if found:
            return at + zeros(found)
        at += WIDTH


@compiled
def letters(here: int, length: int) -> int:
    """The first bytes, at most eight, of the window at an address, in lower case; all bits set for what is no ASCII."""
    if length <= 0:
        return unsigned(0)
    word = eight(here)
    if length < 8:
        word &= (unsigned(1) << unsigned(8 * length)) - unsigned(1)
    if word & _HIGH:
        return ~unsigned(0)
    capitals: int = ((word + _FROM_A) ^ (word + _AFTER_Z)) & _HIGH
    small: int = word | capitals >> _CASE
    return small
