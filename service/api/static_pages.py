"""The page for people at `/`: three static files and a content security policy that runs nothing else; run reports."""

import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from recall.report import script_source
from service.api.models import read_report
from service.problems import Refusal

_FOLDER = Path(__file__).parent.parent / "static"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
REPORT_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    f"frame-ancestors 'none'; script-src {script_source()}; "
    "sandbox allow-scripts allow-downloads allow-popups allow-popups-to-escape-sandbox"
)
"""A report runs recall's own map script and no other one, in an origin of its own. The digest is that of the script
recall ships, not the one a report declares: a run folder may have been written by somebody else."""

_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")

_STATIC = {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.is_file()}

routes = APIRouter(include_in_schema=False)


def _file(name: str, content: bytes | None, policy: str) -> Response:
    kind = _TYPES.get(Path(name).suffix)
    if content is None or kind is None:
        raise Refusal("not-found", "No such file")
    return Response(content, headers={"Content-Type": kind, "Content-Security-Policy": policy})


@routes.get("/")
async def index() -> Response:
    """The page."""
    return _file("index.html", _STATIC["index.html"], PAGE_POLICY)


@routes.get("/static/{name}")
async def static(name: str) -> Response:
    """A file of the page."""
    return _file(name, _STATIC.get(name), PAGE_POLICY)


@routes.get("/report/{version}/{name:path}")
async def report(request: Request, version: str, name: str) -> Response:
    """A file of the report of a served version's run; it may run its own script only."""
    service = request.app.state.service
    served = service.models.find(version)
    named = _NAME.fullmatch(name) is not None
    content = await service.store_reads.run(lambda: read_report(served, name)) if named else None
    return _file(name, content, REPORT_POLICY)
