"""A score taken apart, for /v1/explain: the parts of the logit, heaviest first, and the text they stand in."""

from pydantic_core import to_json

from recall.records import MARK
from service.api.bodies import inflate
from service.api.items import Unfit, read_page
from service.api.models import Models
from service.api.problems import Refusal
from service.api.schemas import ExplainRequest
from service.api.scoring import Sent, text_of, verdicts
from service.limits import Limits
from service.server.metrics import count_scores
from service.server.scheduler import Job


def explain_body(sent: Sent, models: Models, pin: str | None, limits: Limits) -> Job[bytes]:
    """A job: the answer to /v1/explain. pin: the version that a header asks for; the body's own goes first."""
    body = yield from inflate(sent.body, sent.encoding, limits.body_bytes, sent.share)
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
    scores = version.scorer.score([text])
    count_scores(version.version, scores)
    yield
    explanation = version.scorer.explain(text)
    parts = sorted(explanation.parts, key=lambda part: -abs(part.contribution))
    answer = {
        **({} if request.url is None else {"url": request.url}),
        **verdicts(version, scores, [request.url])[0],
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
