"""A page's bytes → Markdown.

In: the body as served, its URL and the charset of its HTTP header. Out: the main content as Markdown. Refuses nothing:
bytes that hold no document come out as an empty string.
"""

import trafilatura


def markdown(body: bytes, url: str | None = None, charset: str | None = None) -> str:
    """Return the main content of a page as Markdown.

    url: resolves links. charset: from the HTTP header, unverified; None when there was none.
    """
    text = body.decode(charset or "utf-8", errors="replace")
    found = trafilatura.extract(
        text,
        url=url,
        output_format="markdown",
        include_formatting=True,
        include_links=True,
        include_tables=True,
        favor_recall=True,
    )
    return found or ""
