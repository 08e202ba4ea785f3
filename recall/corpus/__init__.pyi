from .drops import EARLIER_ONLY as EARLIER_ONLY
from .drops import NOT_CODE as NOT_CODE
from .drops import NOT_SCANNED as NOT_SCANNED
from .published import BINS_PER_DOUBLING as BINS_PER_DOUBLING
from .published import CorpusStatistics as CorpusStatistics
from .published import SampledPage as SampledPage
from .published import check_lineage as check_lineage
from .published import corpus_statistics as corpus_statistics
from .published import part_keys as part_keys
from .published import ranked as ranked
from .ranking.guide import quality_guide as quality_guide
from .ranking.quality_draw import QUALITY_DRAWN as QUALITY_DRAWN
from .ranking.quality_draw import QUALITY_PAGES as QUALITY_PAGES
from .ranking.quality_judge import QUALITY_PEOPLE as QUALITY_PEOPLE
from .ranking.quality_labels import QUALITY_LABELS as QUALITY_LABELS

__all__ = [
    "BINS_PER_DOUBLING",
    "EARLIER_ONLY",
    "NOT_CODE",
    "NOT_SCANNED",
    "QUALITY_DRAWN",
    "QUALITY_LABELS",
    "QUALITY_PAGES",
    "QUALITY_PEOPLE",
    "CorpusStatistics",
    "SampledPage",
    "check_lineage",
    "corpus_statistics",
    "part_keys",
    "quality_guide",
    "ranked",
]
