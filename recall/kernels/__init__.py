"""Every compiled function of the project, each beside a plain definition that a test holds it to.

The public names are listed in `__init__.pyi`; each is imported when it is first used, as importing numba takes half a
second. This room imports none of the others.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
