from .crawl_pages import CrawlPages as CrawlPages
from .crawl_pages import crawl_pages as crawl_pages
from .crawl_pages import require_repeats as require_repeats
from .jobs import complete as complete
from .jobs import disconnect as disconnect
from .label_files import LabelledUrl as LabelledUrl
from .label_files import read_labels as read_labels
from .label_files import usable as usable
from .progress_bar import progress as progress
from .round_model import floor_of as floor_of
from .round_model import load_scorer as load_scorer
from .round_model import threshold_of as threshold_of
from .rounds import Round as Round
from .rounds import Run as Run
from .sampling import BottomK as BottomK
from .sampling import batches as batches
from .sampling import priority as priority
from .scanned import ScannedShard as ScannedShard
from .scanned import read_bodies as read_bodies
from .scanned import read_rows as read_rows
from .scanned import scanned_shards as scanned_shards
from .store import Columns as Columns
from .store import Schema as Schema
from .store import Store as Store
from .store import digest_of as digest_of
from .store import lists_of as lists_of
from .store import table_from as table_from

__all__ = [
    "BottomK",
    "Columns",
    "CrawlPages",
    "LabelledUrl",
    "Round",
    "Run",
    "ScannedShard",
    "Schema",
    "Store",
    "batches",
    "complete",
    "crawl_pages",
    "digest_of",
    "disconnect",
    "floor_of",
    "lists_of",
    "load_scorer",
    "priority",
    "progress",
    "read_bodies",
    "read_labels",
    "read_rows",
    "require_repeats",
    "scanned_shards",
    "table_from",
    "threshold_of",
    "usable",
]
