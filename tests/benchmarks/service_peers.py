"""The same model behind other servers, each as its own tutorial has it; run by service.py in an environment of theirs.

pip install fastapi "uvicorn[standard]" litserve "ray[serve]" fasttext-community tokenizers numpy
Each takes {"items": [{"text"}]} at /v1/score and answers {"items": [{"score", "label"}]}: tokenizers encodes, fastText
predicts on the token line, which gives the service's own scores to 1e-4.
"""
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, ANN204 - as tutorials have it

import importlib
import json
import os
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("PEER_MODEL", "."))
PORT = int(os.environ.get("PEER_PORT", "8200"))
WORKERS = int(os.environ.get("PEER_WORKERS", "2"))
LITSERVE = importlib.import_module("litserve") if "litserve" in sys.argv else None


class Model:
    """tokenizers and fastText on a model folder."""

    def __init__(self) -> None:
        self.fasttext = importlib.import_module("fasttext").load_model(str(FOLDER / "model.bin"))
        self.tokenizer = importlib.import_module("tokenizers").Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
        recipe = json.loads((FOLDER / "model.json").read_text())["recipe"]
        size = int(os.environ["PEER_SIZE"])  # token ids, those of the structure marks included
        self.constants = " ".join(str(size + number) for number in range(recipe["shrinkage"]))

    def predict(self, texts: list[str]) -> list[dict]:
        """Score and label of each text."""
        lines = []
        for text in texts:
            ids = dict.fromkeys(self.tokenizer.encode(text.lower(), add_special_tokens=False).ids)
            lines.append(f"{self.constants} {' '.join(map(str, ids))}")
        labels, scores = self.fasttext.predict(lines, k=2)
        found = []
        for names, values in zip(labels, scores, strict=True):
            score = float(dict(zip(names, values, strict=True)).get("__label__C", 0.0))
            found.append({"score": score, "label": names[0].removeprefix("__label__")})
        return found


def make_fastapi():
    """A plain FastAPI app."""
    fastapi, pydantic = importlib.import_module("fastapi"), importlib.import_module("pydantic")
    item = pydantic.create_model("Item", text=(str, ...))
    request = pydantic.create_model("Request", items=(list[item], ...))
    app, model = fastapi.FastAPI(), Model()

    def score(body):
        return {"items": model.predict([one.text for one in body.items])}

    score.__annotations__ = {"body": request}
    app.post("/v1/score")(score)
    return app


def serve_fastapi() -> None:
    """Uvicorn with workers."""
    importlib.import_module("uvicorn").run(
        "service_peers:make_fastapi", factory=True, port=PORT, workers=WORKERS, log_level="warning"
    )


class LitApi(LITSERVE.LitAPI if LITSERVE else object):
    """The API as LitServe asks for it."""

    def setup(self, device) -> None:  # noqa: ARG002
        self.model = Model()

    def decode_request(self, request):
        return [item["text"] for item in request["items"]]

    def predict(self, texts):
        return self.model.predict(texts)

    def encode_response(self, found):
        return {"items": found}


def serve_litserve() -> None:
    """LitServe with workers."""
    server = LITSERVE.LitServer(LitApi(api_path="/v1/score"), accelerator="cpu", workers_per_device=WORKERS)
    server.run(host="127.0.0.1", port=PORT, num_api_servers=WORKERS, log_level="warning", generate_client_file=False)


def serve_ray() -> None:
    """Ray Serve with replicas."""
    ray, serve = importlib.import_module("ray"), importlib.import_module("ray.serve")
    ray.init("local", num_cpus=WORKERS + 1, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": PORT})

    @serve.deployment(num_replicas=WORKERS, max_ongoing_requests=32)
    class Scorer:
        def __init__(self) -> None:
            self.model = Model()

        async def __call__(self, request):
            body = await request.json()
            return {"items": self.model.predict([item["text"] for item in body["items"]])}

    serve.run(Scorer.bind(), route_prefix="/v1/score", blocking=True)


if __name__ == "__main__":
    {"fastapi": serve_fastapi, "litserve": serve_litserve, "rayserve": serve_ray}[sys.argv[1]]()
