"""A language model as a judge: questions about pages, asked of an OpenAI-compatible endpoint, answers kept in the run.

The public names are listed in `__init__.pyi`; each is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
