from .holdout import Holdout as Holdout
from .kinds import kind_of as kind_of
from .prefixes import EVERY as EVERY
from .prefixes import PrefixSet as PrefixSet
from .urls import host_of as host_of
from .urls import is_web as is_web
from .urls import stored_host as stored_host
from .urls import url_key as url_key

__all__ = ["EVERY", "Holdout", "PrefixSet", "host_of", "is_web", "kind_of", "stored_host", "url_key"]
