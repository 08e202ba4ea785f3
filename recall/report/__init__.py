"""What a run did, in figures: read from the run folder alone, and from labels of pages that it never saw.

Public: `script_source`, by which a server that shows reports knows the only script they may run.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
