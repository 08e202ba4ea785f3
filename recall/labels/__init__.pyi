from .crawl_weights import counting as counting
from .decisions import DOUBTED as DOUBTED
from .decisions import LABELS as LABELS
from .decisions import PAGE_TASKS as PAGE_TASKS
from .decisions import PREFIX_TASKS as PREFIX_TASKS
from .decisions import audit_urls as audit_urls
from .decisions import page_labels as page_labels
from .decisions import prefix_labels as prefix_labels
from .decisions import shown_urls as shown_urls
from .examples import gather as gather
from .label_noise import chances_wrong as chances_wrong

__all__ = [
    "DOUBTED",
    "LABELS",
    "PAGE_TASKS",
    "PREFIX_TASKS",
    "audit_urls",
    "chances_wrong",
    "counting",
    "gather",
    "page_labels",
    "prefix_labels",
    "shown_urls",
]
