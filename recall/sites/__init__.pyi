from .hosts import Holdout as Holdout
from .hosts import PrefixSet as PrefixSet
from .hosts import host_of as host_of
from .kinds import OTHER as OTHER
from .kinds import kind_of as kind_of

__all__ = ["OTHER", "Holdout", "PrefixSet", "host_of", "kind_of"]
