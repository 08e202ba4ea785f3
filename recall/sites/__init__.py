"""From a URL to its host, registered domain and kind of site; URL prefixes, the shipped ones among them.

The public names are listed in `__init__.pyi`; each is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
