"""The document says what the service does, and the service does nothing else: schemathesis looks for a difference."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from recall.archive.warc import WarcWriter

OPERATIONS = [
    ("POST", "/v1/score"),
    ("POST", "/v1/explain"),
    ("POST", "/v1/extract"),
    ("POST", "/v1/score:batch"),
    ("POST", "/v1/extract:batch"),
    ("POST", "/v1/score:warc"),
    ("GET", "/v1/models"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]
STREAMS = {"application/x-ndjson": b'{"id":1,"text":"a"}\n{"html":"<p>"}\nnothing\n', "application/warc": b""}


@schemathesis.serializer("application/x-ndjson", "application/warc")
def as_it_is(_context: Any, value: Any) -> bytes:
    """What the test put there."""
    return bytes(value)


@pytest.fixture(scope="module")
def schema(running: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    warc = tmp_path_factory.mktemp("warc") / "a.warc.gz"
    with warc.open("wb") as stream:
        WarcWriter(stream, path=warc.name).page("https://a.example/", b"<p>x", "text/html", "2026-01-01T00:00:00Z")
    STREAMS["application/warc"] = warc.read_bytes()
    return schemathesis.openapi.from_url(f"{running.url}openapi.json")


def test_every_operation_is_tried(schema: Any) -> None:
    found = {(result.ok().method.upper(), result.ok().path) for result in schema.get_all_operations()}
    assert found == set(OPERATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_the_documents(schema: Any, method: str, path: str, mode: GenerationMode) -> None:
    operation = schema[path][method]
    stream = next((body.media_type for body in operation.body if body.media_type in STREAMS), None)
    if mode is GenerationMode.NEGATIVE and (stream or method == "GET"):
        pytest.skip("any bytes are a stream; a GET takes nothing that could be wrong")

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def holds(case: Any) -> None:
        case.headers.pop("Recall-Model", None)  # a version that nobody serves is a 404, which is tested elsewhere
        if stream:
            case.body = STREAMS[stream]  # no value of the schema's, so the check of generated values has nothing to say
        case.call_and_validate(excluded_checks=[negative_data_rejection] if stream else [])

    holds()


def test_the_document_names_the_exact_forms_of_a_page(schema: Any) -> None:
    page = schema.raw_schema["components"]["schemas"]["Page"]
    assert [form["required"] for form in page["oneOf"]] == [["html"], ["text"], ["body"]]
    assert json.dumps(schema.raw_schema).count("HTTPValidationError") == 0
