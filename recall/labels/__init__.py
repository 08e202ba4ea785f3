"""What people and files said of pages: decisions, label noise, examples and what they weigh, audit estimates.

The public names are listed in `__init__.pyi`; each is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
