from .crawl_weights import evaluation_mask as evaluation_mask
from .decisions import ASKED_AGAIN as ASKED_AGAIN
from .decisions import LABELS as LABELS
from .decisions import PAGE_TASKS as PAGE_TASKS
from .decisions import PREFIX_TASKS as PREFIX_TASKS
from .decisions import accepted_among as accepted_among
from .decisions import audit_urls as audit_urls
from .decisions import inherited_labels as inherited_labels
from .decisions import page_labels as page_labels
from .decisions import prefix_labels as prefix_labels
from .decisions import seed_rows as seed_rows
from .decisions import shown_sketches as shown_sketches
from .decisions import shown_urls as shown_urls
from .examples import gather as gather
from .examples import seed_tables as seed_tables
from .label_noise import error_posteriors as error_posteriors
from .label_noise import label_error_chance as label_error_chance
from .label_noise import shrunk_rates as shrunk_rates
from .shifted_threshold import threshold_after_audit as threshold_after_audit

__all__ = [
    "ASKED_AGAIN",
    "LABELS",
    "PAGE_TASKS",
    "PREFIX_TASKS",
    "accepted_among",
    "audit_urls",
    "error_posteriors",
    "evaluation_mask",
    "gather",
    "inherited_labels",
    "label_error_chance",
    "page_labels",
    "prefix_labels",
    "seed_rows",
    "seed_tables",
    "shown_sketches",
    "shown_urls",
    "shrunk_rates",
    "threshold_after_audit",
]
