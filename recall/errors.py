"""Every error of recall, named by its consequence.

    RecallError                 one line for people, an exit code, what to do next
    |- BadInput            2    a file, key or argument is wrong: the line names it
    |- OutOfOrder          3    a step was called before the one it needs
    |- LeaseHeld           4    another driver works on this run folder
    |- AlreadyPublished    5    a file of that name exists with other bytes
    |- Damaged             6    a published file no longer has the digest it was published with
    |- ShardFailed              this shard fails, the others go on
    |  |- ShardUnreadable  7    its bytes could not be fetched (kept failing, missing, refused)
    |  `- ShardCorrupt     8    its bytes are not a whole WARC: truncated, broken member, wrong length
    |- Transient           9    may go through when tried again; retried before it is ever shown
    |- Incomplete         10    a step ended with failed shards; `recall status` lists them
    |- Refused            11    the server said no (403): stop asking, it would only get worse
    `- StorageUnusable    12    a disk or bucket takes no files: gone, full, read-only; mend it, then run again

All take positional arguments only, so that they survive pickling between processes.
Exit code 1 is kept for what nobody expected. Trouble with a single page is a `records.Skip`, never an exception.
"""

import errno

__all__ = [
    "AlreadyPublished",
    "BadInput",
    "Damaged",
    "Incomplete",
    "LeaseHeld",
    "OutOfOrder",
    "RecallError",
    "Refused",
    "ShardCorrupt",
    "ShardFailed",
    "ShardUnreadable",
    "StorageUnusable",
    "Transient",
    "of_the_machine",
    "printable",
]

_OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
"""Errors of the operating system that are this machine's and not the data's: another machine, or another hour, may not
have them."""


def of_the_machine(error: BaseException) -> bool:
    """True when an operating system error says that this machine is out of something: disk, memory, open files."""
    return isinstance(error, OSError) and error.errno in _OF_THE_MACHINE


def printable(text: str, most: int | None = None) -> str:
    """Other people's text on one line of a terminal: what is not printable as escapes; its first `most` characters."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:most])


class RecallError(Exception):
    """Base of all: `str(error)` is the one line a person reads."""

    exit_code = 1


class BadInput(RecallError):
    """A file, key or argument cannot be used; the line names it and says what is expected."""

    exit_code = 2


class OutOfOrder(RecallError):
    """A step was called before the step it needs, or after its round was sealed."""

    exit_code = 3


class LeaseHeld(RecallError):
    """Another driver holds the lease of this run folder."""

    exit_code = 4


class AlreadyPublished(RecallError):
    """A published name exists already with different bytes; published files never change."""

    exit_code = 5


class Damaged(RecallError):
    """A published file is missing or its bytes differ from the digest in its step's outputs."""

    exit_code = 6


class ShardFailed(RecallError):
    """One shard cannot be used; it goes to the ledger with this line as its reason."""

    exit_code = 7


class ShardUnreadable(ShardFailed):
    """The bytes of a shard could not be fetched."""

    exit_code = 7


class ShardCorrupt(ShardFailed):
    """The bytes of a shard are there but are not a whole WARC file."""

    exit_code = 8


class Transient(RecallError):
    """A failure that another attempt may not meet."""

    exit_code = 9


class Incomplete(RecallError):
    """A step did not end, mostly because shards failed; nothing was published for it.

    Arguments: the line, and, where they are known, the failures: what failed, the kind of error, its words.
    """

    exit_code = 10

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    @property
    def failures(self) -> tuple[tuple[str, str, str], ...]:
        """Name, kind of error and message of each failed item, in order; empty where they are not known."""
        return tuple(self.args[1]) if len(self.args) > 1 else ()


class Refused(RecallError):
    """The server refuses us (403); asking again would only get us blocked."""

    exit_code = 11


class StorageUnusable(RecallError):
    """Where files are to be written, or a whole run folder lies, is gone, full, read-only or not ours."""

    exit_code = 12
