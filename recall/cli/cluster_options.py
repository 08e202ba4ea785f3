"""Options that say where work runs, of every verb that hands out tasks."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from recall.config import ClusterSection


def on_cluster(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where work runs."""
    for option in (
        click.option(
            "--failed-share",
            type=click.FloatRange(0, 1, max_open=True),
            help="Share of shards or inputs that may fail before a verb gives up.",
        ),
        click.option("--workers", type=click.IntRange(0), help="Processes at work; 0 means one per core."),
        click.option(
            "--cluster",
            "--ray-address",
            "cluster",
            help='"here" (this process), "local" (Ray on this machine) or a Ray address.',
        ),
    ):
        command = option(command)
    return command


def cluster_with(
    settings: "ClusterSection", cluster: str | None, workers: int | None, failed_share: float | None
) -> "ClusterSection":
    """[cluster] with the options that were given in the place of its settings."""
    given = {"address": cluster, "workers": workers, "failed_share": failed_share}
    changed = {key: value for key, value in given.items() if value is not None}
    return type(settings).model_validate({**settings.model_dump(), **changed}) if changed else settings
