from .drops import EARLIER_ONLY as EARLIER_ONLY
from .drops import NOT_CODE as NOT_CODE
from .drops import NOT_SCANNED as NOT_SCANNED
from .reader import BINS_PER_DOUBLING as BINS_PER_DOUBLING
from .reader import CorpusStatistics as CorpusStatistics
from .reader import SampledPage as SampledPage
from .reader import check_lineage as check_lineage
from .reader import corpus_statistics as corpus_statistics
from .reader import part_keys as part_keys
from .reader import ranked as ranked

__all__ = [
    "BINS_PER_DOUBLING",
    "EARLIER_ONLY",
    "NOT_CODE",
    "NOT_SCANNED",
    "CorpusStatistics",
    "SampledPage",
    "check_lineage",
    "corpus_statistics",
    "part_keys",
    "ranked",
]
