import base64
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from fastapi.testclient import TestClient

from recall.archive.warc import WarcWriter
from recall.model.scorer import Scorer, write_model
from recall.page.text import scoring_text
from recall.records import MARK
from service.api.app import create_app
from service.api.models import Models, load, resolve
from service.api.requests import Settings
from service.limits import Limits
from service.server.access_tokens import digests_of
from service.server.logs import LOGGER, JsonLines

LINES = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}
Texts = Callable[[int], list[str]]

TINY = Limits(body_bytes=4000, items=3, text_characters=100, html_bytes=200, line_bytes=300, explain_characters=50)


@pytest.fixture(scope="module")
def models(folders: list[Path]) -> Models:
    return Models([load(resolve(str(folder))) for folder in folders])


@pytest.fixture(scope="module")
def client(models: Models) -> Iterator[TestClient]:
    with TestClient(create_app(models)) as client:
        yield client


def test_a_url_is_measured_by_the_threshold_of_its_kind(folders: list[Path], tmp_path: Path, texts: Texts) -> None:
    scorer = Scorer.load(folders[0])
    text = texts(2)[1]
    score = float(scorer.score([text.replace(MARK, "")])[0])
    card = replace(scorer.card, threshold=min(1.0, score + 1e-6), thresholds={"forum": score / 2})
    write_model(tmp_path, scorer.tokenizer, folders[0] / "model.bin", card)
    with TestClient(create_app(Models([load(resolve(str(tmp_path)))]))) as client:
        items = [{"text": text}, {"text": text, "url": "https://a.example/forum/1"}, {"text": text, "url": "x"}]
        answer = client.post("/v1/score", json={"items": items}).json()["items"]
        limits = [card.threshold, card.thresholds["forum"], card.threshold]
        assert [(item["threshold"], item["label"]) for item in answer] == list(
            zip(limits, ["other", "C", "other"], strict=True)
        )
        line = client.post("/v1/score:batch", content=json.dumps(items[1]), headers=LINES).json()
        assert line["threshold"] == limits[1]
        assert client.post("/v1/explain", json=items[1]).json()["threshold"] == limits[1]
        assert client.get("/v1/models").json()["models"][0]["thresholds"] == {"forum": limits[1]}


@pytest.fixture(scope="module")
def tiny(models: Models) -> Iterator[TestClient]:
    with TestClient(create_app(models, Settings(TINY))) as client:
        yield client


@pytest.fixture(scope="module")
def scorer(folders: list[Path]) -> Scorer:
    return Scorer.load(folders[0])


def problem(response: Any, status: int, kind: str) -> dict[str, Any]:
    """Check that a response is such a problem."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"urn:recall:problem:{kind}"
    assert body["status"] == status
    assert body["title"]
    assert response.headers["x-request-id"] in body["instance"]
    return body


def test_scores_are_those_of_the_scorer_bit_for_bit(client: TestClient, scorer: Scorer, texts: Texts) -> None:
    given = texts(150)
    answer = client.post("/v1/score", json={"items": [{"text": text} for text in given]}).json()["items"]
    expected = scorer.score([text.replace("\ue000", "") for text in given])
    assert [item["score"] for item in answer] == expected.tolist()
    assert [item["probability"] for item in answer] == scorer.calibrate(expected).tolist()
    assert {item["label"] for item in answer} == {"C", "other"}
    assert all((item["label"] == "C") == (item["score"] >= item["threshold"]) for item in answer)


def test_html_and_body_are_read_as_the_crawl_reads_pages(client: TestClient, scorer: Scorer) -> None:
    page = "<title>größe</title><pre><code>return x</code></pre>"
    latin = page.encode("latin-1")
    items = [{"html": page}, {"body": base64.b64encode(latin).decode(), "charset": "iso-8859-1"}]
    answer = client.post("/v1/score", json={"items": items}).json()["items"]
    assert answer[0]["score"] == scorer.score([scoring_text(page.encode())])[0]
    assert answer[1]["score"] == scorer.score([scoring_text(latin, "iso-8859-1")])[0]


def test_an_item_that_is_none_gets_an_error_in_its_place(client: TestClient) -> None:
    items = [
        {"id": "a", "text": "x"},
        5,
        {"id": 7, "html": 5},
        {"url": "u", "html": "", "text": ""},
        {},
        None,
        {"text": "y"},
    ]
    answer = client.post("/v1/score", json={"items": items}).json()["items"]
    assert ["score" in item for item in answer] == [True, False, False, False, False, False, True]
    assert answer[0]["id"] == "a"
    assert answer[2]["id"] == 7
    assert answer[3]["url"] == "u"
    assert all(item["error"]["type"].startswith("urn:recall:problem:") for item in answer[1:6])


def test_limits_of_items_are_errors_in_place_and_limits_of_bodies_refuse(tiny: TestClient) -> None:
    items = [{"text": "x" * 101}, {"html": "é" * 101}, {"body": "%%%"}]
    answer = tiny.post("/v1/score", json={"items": items}).json()["items"]
    assert [item["error"]["type"].rpartition(":")[2] for item in answer] == ["too-large", "too-large", "not-valid"]
    problem(tiny.post("/v1/score", json={"items": [{}] * 4}), 422, "not-valid")
    problem(tiny.post("/v1/score", content=b" " * 4001, headers=JSON), 413, "too-large")
    problem(tiny.post("/v1/score", content=iter([b" " * 3000] * 2), headers=JSON), 413, "too-large")
    problem(tiny.post("/v1/explain", json={"text": "x" * 51}), 413, "too-large")
    bomb = gzip.compress(b" " * 10_000_000)
    assert len(bomb) > 4000
    small = gzip.compress(b" " * 100_000)
    problem(tiny.post("/v1/score", content=small, headers={**JSON, "Content-Encoding": "gzip"}), 413, "too-large")


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        (b"", 400, "not-json"),
        (b"{", 400, "not-json"),
        (b"\xff\xfe", 400, "not-json"),
        (b'{"items":[NaN]}', 400, "not-json"),
        (b'{"items":[{"text":"\\ud800"}]}', 400, "not-json"),
        (b'{"items":[{"text":"\xff"}]}', 400, "not-json"),
        (b"[" * 100_000, 400, "not-json"),
        (b'{"items":' + b"[" * 100_000, 400, "not-json"),
        (b"[]", 422, "not-valid"),
        (b"{}", 422, "not-valid"),
        (b'{"items":{}}', 422, "not-valid"),
        (b'{"items":[],"model":5}', 422, "not-valid"),
        (b'{"items":[],"model":"none"}', 404, "no-model"),
    ],
)
def test_a_body_that_is_not_what_is_asked_for_is_refused(
    client: TestClient, content: bytes, status: int, kind: str
) -> None:
    problem(client.post("/v1/score", content=content, headers=JSON), status, kind)


def test_types_and_encodings_are_checked(client: TestClient) -> None:
    problem(client.post("/v1/score", content=b"{}", headers={"Content-Type": "text/plain"}), 415, "not-supported")
    problem(client.post("/v1/score", content=b"{}"), 415, "not-supported")
    utf16 = {"Content-Type": "application/json; charset=utf-16"}
    problem(client.post("/v1/score", content=b"{}", headers=utf16), 415, "not-supported")
    brotli = client.post("/v1/score", content=b"{}", headers={**JSON, "Content-Encoding": "br"})
    problem(brotli, 415, "not-supported")
    assert brotli.headers["accept-encoding"] == "gzip, zstd"
    problem(client.post("/v1/score", content=b"{}", headers={**JSON, "Content-Encoding": "gzip"}), 400, "bad-encoding")
    problem(client.get("/nowhere"), 404, "not-found")
    wrong = client.get("/v1/score")
    problem(wrong, 405, "no-method")
    assert wrong.headers["allow"] == "POST"


@pytest.mark.parametrize("encode", [gzip.compress, zstandard.compress])
def test_compressed_bodies_are_undone(client: TestClient, encode: Any) -> None:
    name = "gzip" if encode is gzip.compress else "zstd"
    whole = json.dumps({"items": [{"text": "return"}]}).encode()
    headers = {**JSON, "Content-Encoding": name}
    assert client.post("/v1/score", content=encode(whole), headers=headers).status_code == 200
    two = encode(whole[:10]) + encode(whole[10:])
    assert client.post("/v1/score", content=two, headers=headers).status_code == 200
    problem(client.post("/v1/score", content=encode(whole)[:-6], headers=headers), 400, "bad-encoding")


def test_a_version_is_pinned_by_name_version_or_digest(client: TestClient, models: Models) -> None:
    other = models.versions[1]
    for pin in (other.name, other.version, other.scorer.digest):
        body = {"items": [{"text": "return"}], "model": pin}
        assert client.post("/v1/score", json=body).json()["items"][0]["model"] == other.version
        header = client.post("/v1/score", json={"items": [{"text": "x"}]}, headers={"Recall-Model": pin})
        assert header.json()["items"][0]["model"] == other.version
    problem(client.post("/v1/score:batch", content=b"", headers={**LINES, "Recall-Model": "no"}), 404, "no-model")


def test_a_batch_answers_each_line_in_order(client: TestClient, scorer: Scorer, texts: Texts) -> None:
    given = [text.replace("\ue000", "") for text in texts(500)]
    rows = [json.dumps({"id": number, "text": text}).encode() for number, text in enumerate(given)]
    rows[17] = b"{broken"
    rows[18] = b""
    answer = client.post("/v1/score:batch", content=b"\n".join(rows), headers=LINES)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert len(found) == 499
    assert found[17]["error"]["type"] == "urn:recall:problem:not-json"
    expected = scorer.score(given)
    assert all(row["score"] == expected[row["id"]] for row in found if "id" in row)
    assert [row["id"] for row in found if "id" in row] == [*range(17), *range(19, 500)]


def test_a_line_that_is_too_long_is_an_error_and_the_next_is_not(tiny: TestClient) -> None:
    content = b'{"text":"a"}\n' + b"x" * 100_000 + b'\n{"text":"b"}'
    found = [
        json.loads(line) for line in tiny.post("/v1/score:batch", content=content, headers=LINES).text.splitlines()
    ]
    assert ["score" in row for row in found] == [True, False, True]


def test_an_error_behind_the_first_line_is_the_last_line(client: TestClient) -> None:
    rows = b'{"text":"return"}\n' * 60_000
    content = gzip.compress(rows)[:-20]

    headers = {**LINES, "Content-Encoding": "gzip"}
    answer = client.post("/v1/score:batch", content=content, headers=headers)
    if answer.status_code == 200:
        assert json.loads(answer.text.splitlines()[-1])["problem"]["type"] == "urn:recall:problem:bad-encoding"
    else:
        problem(answer, 400, "bad-encoding")


def test_a_warc_is_scored_page_by_page(client: TestClient, scorer: Scorer, tmp_path: Path, texts: Texts) -> None:
    path = tmp_path / "x.warc.gz"
    pages = [f"<title>{text}</title>".encode() for text in texts(70)]
    with path.open("wb") as stream:
        writer = WarcWriter(stream, path=path.name)
        refs = [
            writer.page(f"https://a.example/{n}", body, "text/html", "2026-01-01T00:00:00Z")
            for n, body in enumerate(pages)
        ]
    headers = {"Content-Type": "application/warc"}
    answer = client.post("/v1/score:warc", content=path.read_bytes(), headers=headers)
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [(row["offset"], row["length"]) for row in rows] == [(ref.offset, ref.length) for ref in refs]
    assert [row["score"] for row in rows] == scorer.score([scoring_text(page) for page in pages]).tolist()
    cut = client.post("/v1/score:warc", content=path.read_bytes()[:-30], headers=headers).text.splitlines()
    assert json.loads(cut[-1])["problem"]["type"] == "urn:recall:problem:not-a-warc"
    assert str(tmp_path) not in cut[-1]
    problem(client.post("/v1/score:warc", content=b"no warc", headers=headers), 422, "not-a-warc")


def test_an_explanation_adds_up_and_points_into_the_text(client: TestClient, scorer: Scorer) -> None:
    text = "🎉 Return the größe of a FUNCTION"
    answer = client.post("/v1/explain", json={"text": text}).json()
    assert answer["text"] == text
    assert answer["score"] == scorer.score([text])[0]
    total = answer["base"] + sum(part["contribution"] for part in answer["parts"])
    assert total == pytest.approx(answer["logit"])
    assert 1 / (1 + np.exp(-total)) == pytest.approx(answer["score"])
    words = {part["name"].strip(): part["spans"] for part in answer["parts"] if part["kind"] == "token"}
    start, end = words["function"][0]
    assert text[start:end].strip() == "FUNCTION"
    weights = [abs(part["contribution"]) for part in answer["parts"]]
    assert weights == sorted(weights, reverse=True)
    html = client.post("/v1/explain", json={"html": "<pre>x</pre><pre>y</pre>"}).json()
    assert any(part["kind"] == "mark" for part in html["parts"])
    assert "\ue000" not in html["text"]


def test_extraction_keeps_code(client: TestClient) -> None:
    page = "<html><body><h1>T</h1><p>" + "word " * 60 + "</p><pre><code>a\n\n    b &lt;</code></pre></body></html>"
    answer = client.post("/v1/extract", json={"html": page, "url": "https://a.example/"}).json()
    assert "a\n\n    b <\n```" in answer["markdown"]
    problem(client.post("/v1/extract", json={"text": "x"}), 422, "not-valid")


def test_models_are_listed_with_their_figures(client: TestClient, models: Models) -> None:
    listed = client.get("/v1/models").json()["models"]
    assert [model["version"] for model in listed] == [version.version for version in models.versions]
    assert [model["default"] for model in listed] == [True, False]
    assert listed[0]["metrics"] == {"precision": 0.9}
    assert listed[0]["recipe"]["ngrams"] == 2


def test_tokens_are_asked_for_where_there_are_any(models: Models) -> None:
    token = "a-long-enough-secret"
    with TestClient(create_app(models, Settings(tokens=digests_of([token, "another-long-secret"])))) as client:
        for header in ({}, {"Authorization": f"Basic {token}"}, {"Authorization": "Bearer wrong"}):
            refused = client.get("/v1/models", headers=header)
            problem(refused, 401, "no-token")
            assert refused.headers["www-authenticate"] == "Bearer"
        assert client.get("/v1/models", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert client.get("/v1/models", headers={"authorization": "bearer another-long-secret"}).status_code == 200
        assert client.get("/metrics").status_code == 401
        for path in ("/", "/healthz", "/readyz", "/openapi.json", "/static/page.js"):
            assert client.get(path).status_code == 200


def test_request_ids_are_taken_over_when_they_are_sound(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert client.get("/healthz", headers={"X-Request-ID": "a b" * 90}).headers["x-request-id"] != "a b" * 90


def test_metrics_tell_requests_scores_refusals_and_drift(client: TestClient, models: Models, texts: Texts) -> None:
    client.post("/v1/score", json={"items": [{"text": text} for text in texts(200)]})
    client.get("/nowhere")
    text = client.get("/metrics").text
    version = models.default.version
    assert 'recall_requests_total{route="/v1/score",status="200"}' in text
    assert f'recall_score_bucket{{le="0.5",model="{version}"}}' in text
    assert 'recall_refused_total{reason="not-found"}' in text
    assert "recall_batch_items_bucket" in text
    assert "# TYPE recall_score_drift gauge" in text


def test_a_full_queue_refuses_at_once(models: Models) -> None:
    with TestClient(create_app(models, Settings(Limits(queue=0, streams=0)))) as client:
        refused = client.post("/v1/score", json={"items": []})
        problem(refused, 429, "busy")
        assert refused.headers["retry-after"] == "1"
        problem(client.post("/v1/score:batch", content=b"", headers=LINES), 429, "busy")
        assert client.get("/readyz").status_code == 429


def test_the_page_may_run_nothing_but_its_own_script(client: TestClient) -> None:
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http:" not in page.text
    assert "https:" not in page.text
    assert "<script>" not in page.text
    assert "style=" not in page.text
    assert " on" not in page.text.replace(" on ", "")
    problem(client.get("/static/..%2fapp.py"), 404, "not-found")
    problem(client.get("/static/app.py"), 404, "not-found")


def test_what_nobody_expected_is_logged_under_the_requests_id(
    models: Models, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(LOGGER, "propagate", True)
    monkeypatch.setattr(Scorer, "score", lambda *_: 1 / 0)
    with TestClient(create_app(models), raise_server_exceptions=False) as client:
        answer = client.post("/v1/score", json={"items": [{"text": "secret words"}]})
    problem(answer, 500, "unexpected")
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records if record.name == LOGGER.name]
    (line,) = [line for line in lines if line.get("id") == answer.headers["x-request-id"]]
    assert (line["exception"], line["reason"]) == ("ZeroDivisionError", "unexpected")
    assert "scoring.py" in str(line["frames"])
    assert "secret" not in str(lines)
