"""The command `recall`: finds the module of the verb that is called, runs it, and turns errors into exit codes.

A module of this room holds a group of verbs: their arguments, messages and nothing else. Verbs of other rooms come
by the entry points `recall.commands`. Errors are one line on stderr and a distinct exit code (see `recall.errors`);
waiting for annotators is no error: exit code 0.
"""

import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points

import click

import recall
from recall.errors import BadInput, RecallError, Transient, of_the_machine

VERBS: Mapping[str, tuple[str, str]] = {
    "init": ("starting", "Freeze the inputs of a new run into the folder RUN (a path or s3://bucket/key)."),
    "demo": ("starting", "Run three rounds on a sample crawl that comes with recall, and show what they found."),
    "run": ("stepping", "Do the next step again and again, until the corpus is built or people are needed."),
    "seed": ("stepping", "Collect the first examples, if that is the next step of RUN."),
    "train": ("stepping", "Train the next round's model, if that is the next step of RUN."),
    "scan": ("stepping", "Score every page of every shard, if that is the next step of RUN."),
    "domains": ("stepping", "Find code domains and propose URL prefixes, if that is the next step of RUN."),
    "harvest": (
        "stepping",
        "Collect the pages that the model missed under accepted prefixes, if that is the next step of RUN.",
    ),
    "build": ("stepping", "Extract and write the corpus, if that is the next step of RUN."),
    "retry": (
        "stepping",
        "Take the failed shards again, do again what followed from their absence, and go on to the end.",
    ),
    "status": ("inspecting", "Show what a run has done, what comes next and what to do."),
    "verify": (
        "inspecting",
        "Hash published files again and read corpus rows back by byte range; report every difference.",
    ),
    "judge": (
        "consulting",
        "Show what a language model was asked and what it cost; take the answers to an offline batch into RUN.",
    ),
    "quality": (
        "quality",
        "Look at rules of quality before they are switched on; rank kept pages by labels of people or a judge.",
    ),
    "report": (
        "reporting",
        "Write RUN/report/index.html; show where a round errs on held-out hosts, by language, kind and page.",
    ),
    "plan": (
        "planning",
        "Measure this machine for up to a minute and say what a whole crawl needs: to scan it, to build its corpus.",
    ),
    "score": ("applying", "Score pages: HTML files, folders, WARC, WET, Parquet, JSON lines, lists of URLs."),
    "extract": (
        "applying",
        "Extract pages as Markdown with exact code: files, JSON lines, Parquet or a WARC of texts.",
    ),
    "export": (
        "sharing",
        "Write the corpus (Parquet and card), or its pages as JSON lines (.jsonl, .gz, .zst) or WARC (.warc.gz).",
    ),
    "diff": ("sharing", "Compare two runs (their corpora) or rounds (RUN@N): pages won and lost, by domain."),
    "release": (
        "sharing",
        "Pack a round's model, seed, labels, hosts, prefixes and settings, without texts, paths or secrets.",
    ),
}
"""Verb -> module of this room, in which a click command has the verb's name, and the line that `recall --help` shows.

The module is imported when the verb is called: most of them bring the whole loop, which takes seconds."""

ENTRY_POINT_LINES: Mapping[str, str] = {
    "annotate": "People in the loop: tasks out, answers in.",
    "serve": "Serve the scoring API, and a page for people at /, until SIGTERM or SIGINT.",
}
"""Lines of this project's verbs that come by entry points; those of other packages are imported for theirs."""


class LazyVerbs(click.Group):
    """The group of all verbs, those of installed rooms included; only the verb that is called is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all verbs in alphabetical order."""
        return sorted({*VERBS, *(entry.name for entry in entry_points(group="recall.commands"))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a verb: one of this room, else one that an entry point names. None when there is neither."""
        if cmd_name in VERBS:
            module = import_module(f"recall.cli.{VERBS[cmd_name][0]}")
            own: click.Command = getattr(module, cmd_name)
            return own
        for entry in entry_points(group="recall.commands", name=cmd_name):
            command: click.Command = entry.load()
            return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs with their lines, importing only those of other packages."""
        names = self.list_commands(ctx)
        limit = formatter.width - 6 - max(map(len, names))
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._shown(ctx, name).get_short_help_str(limit)) for name in names])

    def _shown(self, ctx: click.Context, name: str) -> click.Command:
        line = VERBS[name][1] if name in VERBS else ENTRY_POINT_LINES.get(name)
        if line is not None:
            return click.Command(name, help=line)
        return self.get_command(ctx, name) or click.Command(name)


@click.group(cls=LazyVerbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(recall.__version__, prog_name="recall")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def verbs(quiet: bool) -> None:
    """Recall code-related web pages from Common Crawl, in rounds that people steer."""
    from recall.run.progress_bar import silence  # noqa: PLC0415 - `recall --help` needs no progress bar

    silence(quiet)


def main() -> None:
    """Run the command; every error of recall is one line and its exit code."""
    try:
        verbs.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(BadInput.exit_code)
    except RecallError as error:
        click.echo(f"recall: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if not of_the_machine(error):
            traceback.print_exc()
            sys.exit(1)
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"recall: {where}{error.strerror}: make room on this machine and run again", err=True)
        sys.exit(Transient.exit_code)
    except Exception:  # noqa: BLE001 - what nobody expected: the whole trace, exit code 1
        traceback.print_exc()
        sys.exit(1)
