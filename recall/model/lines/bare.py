"""What compiled code needs and numba lacks: bare pointers, eight bytes at once, compiling once for all processes."""

from collections.abc import Callable
from typing import Any

import numba
from numba.extending import intrinsic


def _pointer_to(_: Any, array: Any) -> Any:
    """How numba gets at the address of an array's numbers."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    address: Any = numba.types.CPointer
    return address(array.dtype)(array), build


pointer: Any = intrinsic(_pointer_to)
"""A pointer to an array's numbers: an index into an array may be negative, which is looked at each time, and an array
is seven numbers to hand on. An array that was made in compiled code must be used once more behind its pointer, or numba
frees it before."""


def _eight_of(_: Any, address: Any, at: Any) -> Any:
    """How numba reads eight bytes at once from wherever they lie."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word = context.get_value_type(numba.types.uint64).as_pointer()
        place = builder.bitcast(builder.gep(arguments[0], [arguments[1]]), word)
        return builder.load(place, align=1)

    return numba.types.uint64(address, at), build


def _write_eight_to(_: Any, address: Any, at: Any, eight: Any) -> Any:
    """How numba writes them."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word = context.get_value_type(numba.types.uint64).as_pointer()
        place = builder.bitcast(builder.gep(arguments[0], [arguments[1]]), word)
        builder.store(arguments[2], place, align=1)
        return context.get_dummy_value()

    return numba.types.none(address, at, eight), build


eight: Any = intrinsic(_eight_of)
write_eight: Any = intrinsic(_write_eight_to)
"""Eight bytes at once, from and to wherever they lie."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile it when it is first called; kept for other processes where there is a folder for that.

    What it calls must lie in its own file or in this one: numba looks no further for changes, and would compile a
    closure over compiled functions anew in every process.
    """
    jit: Any = numba.njit
    try:
        result: Callable[..., Any] = jit(function, cache=True, nogil=True)
    except RuntimeError:
        result = jit(function, nogil=True)
    return result


def inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled and kept with what calls it."""
    jit: Any = numba.njit(nogil=True)
    result: Callable[..., Any] = jit(function)
    return result
