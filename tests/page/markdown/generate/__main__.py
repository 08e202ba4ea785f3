"""Write the collection anew: `python tests/page/markdown/generate [MODULE ...]`, with the generators on the path."""
# runs by hand, beside generators that are no dependency
# mypy: ignore-errors

import importlib
import sys
from pathlib import Path

MODULES = ("highlighters", "documentation", "browser", "repositories", "forums", "byhand", "editors", "prose")

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    for module in sys.argv[1:] or MODULES:
        for case in importlib.import_module(module).cases():
            case.write()
