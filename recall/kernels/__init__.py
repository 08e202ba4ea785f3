"""Every compiled function of the project, each beside a plain definition that a test holds it to.

The public names are listed in `__init__.pyi`; each is imported when it is first used, as importing numba takes half a
second. This room imports none of the others.
"""

from importlib import import_module

import lazy_loader

from recall.kernels.choice import compiled_code_runs

_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

_TWINS = {
    "UniqueIds": "PlainUniqueIds",
    "line_margins": "plain_line_margins",
    "line_sketches": "plain_line_sketches",
    "lower": "plain_lower",
    "symbol_features": "plain_features",
}
"""Of what a page's score needs, the plain twin that stands in where compiled code does not run."""


def __getattr__(name: str) -> object:
    if name in _TWINS and not compiled_code_runs():
        return getattr(import_module("recall.kernels.plain_twins"), _TWINS[name])
    return _attribute(name)
