"""Every bound of the service in one place, with the reason for its size."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker accepts. Bytes are counted after a Content-Encoding is undone, and before it too."""

    body_bytes: int = 32 << 20
    """A JSON body: four of the largest pages, or a thousand ordinary ones."""
    items: int = 1024
    """Pages in a JSON body; more belong in :batch."""
    text_characters: int = 1_000_000
    """Of `text`: ten times what a scan keeps of a page."""
    html_bytes: int = 8 << 20
    """Of `html` and `body`: the largest capture an archive reader lets through."""
    explain_characters: int = 100_000
    """Of a text that is explained, which takes a hundred times as long as scoring it."""
    line_bytes: int = 16 << 20
    """A line of NDJSON: the largest page in base64, or with every third character escaped."""
    warc_bytes: int = 2 << 30
    """A WARC, twice the size of Common Crawl's. It is spooled to the temporary folder, not held in memory."""
    queue: int = 32
    """Requests being read briskly, waiting or being scored; at 5 ms each the last waits a sixth of a second."""
    slow: int = 64
    """Requests whose bodies come slowly: they hold no place in the queue, and cannot keep others out of it."""
    explaining: int = 4
    """Requests to explain or extract, being read, waiting or being answered."""
    streams: int = 4
    """Open :batch and :warc requests."""
    held_bytes: int = 256 << 20
    """Bytes of bodies in memory; a request that would exceed them is refused."""
    connections: int = 512
    """Open connections, idle ones included."""
    head_bytes: int = 64 << 10
    """Request line and headers."""
    head_seconds: float = 10.0
    """From the opening of a connection, or the first byte of a further request, to the end of its headers."""
    brisk_seconds: float = 1.0
    """A body that takes longer to come is slow."""
    body_seconds: float = 20.0
    """To read a JSON body."""
    idle_seconds: float = 30.0
    """Without a byte read or written in a stream."""
    stream_seconds: float = 6 * 3600.0
    """A whole stream."""
    answer_seconds: float = 30.0
    """From a body's last byte to the answer's first."""
    extract_seconds: float = 15.0
    """To extract one page; the process that does it is killed then."""
    extract_bytes: int = 3 << 30
    """Of memory that the process which extracts may have."""
    store_reads: int = 4
    """Reads of run folders at a time, for reports."""
    store_seconds: float = 10.0
    """To read a file of a run folder."""
    retry_seconds: int = 1
    """What Retry-After says."""
