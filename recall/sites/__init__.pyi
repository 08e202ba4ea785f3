from .holdout import Holdout as Holdout
from .hosts import host_of as host_of
from .kinds import kind_of as kind_of
from .prefixes import PrefixSet as PrefixSet

__all__ = ["Holdout", "PrefixSet", "host_of", "kind_of"]
