"""Requests about one page: /v1/explain takes its score apart, /v1/extract gives its Markdown.

In: a JSON body. Out: the answer's JSON, or what is sent to the process that extracts. Refuses a body that is no page,
and a text too long to explain.
"""

from pydantic_core import to_json

from recall.records import MARK
from service.api.extraction import order_line
from service.api.items import Unfit, read_page
from service.api.models import Models
from service.api.schemas import ExplainRequest, ExtractRequest
from service.api.scoring import source_of, text_of, verdicts
from service.limits import Limits
from service.problems import Refusal
from service.server.metrics import count_scores
from service.server.scheduler import SteppedJob


def explain_body(body: bytes, models: Models, pin: str | None, limits: Limits) -> SteppedJob[bytes]:
    """A job: the answer to /v1/explain. pin: the version that a header asks for; the body's own goes first."""
    request: ExplainRequest = read_page(ExplainRequest, body)
    version = models.find(request.model if request.model is not None else pin)
    try:
        text = text_of(request, limits)
    except Unfit as unfit:
        raise Refusal(unfit.reason, unfit.error["detail"]) from None
    shown = text.partition(MARK)[0]
    if len(shown) > limits.explain_characters:
        raise Refusal("too-large", f"At most {limits.explain_characters} characters of text can be explained")
    yield
    scores, topics = version.scorer.score_texts([text])
    count_scores(version.version, scores)
    yield
    explanation = version.scorer.explain(text)
    parts = sorted(explanation.parts, key=lambda part: -abs(part.contribution))
    answer = {
        **({} if request.url is None else {"url": request.url}),
        **verdicts(version, [text], scores, [request.url], [request.text is not None], topics)[0],
        "logit": explanation.logit,
        "base": explanation.base,
        "rows": explanation.rows,
        "text": shown,
        "parts": [
            {
                "kind": part.kind,
                "name": part.name,
                "weight": part.weight,
                "contribution": part.contribution,
                "spans": part.spans,
            }
            for part in parts
        ],
    }
    return to_json(answer)


def extract_order(body: bytes, limits: Limits) -> SteppedJob[bytes]:
    """A job: what the extractor is sent for the page in a body. Raises Refusal where it is none."""
    page: ExtractRequest = read_page(ExtractRequest, body)
    if (page.html is None) == (page.body is None):
        raise Refusal("not-valid", "Give one of html and body")
    yield
    try:
        source, charset = source_of(page, limits)
    except Unfit as unfit:
        raise Refusal(unfit.reason, unfit.error["detail"]) from None
    yield
    return order_line(source, page.url, charset, {} if page.url is None else {"url": page.url})
