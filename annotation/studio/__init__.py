"""Label Studio (community edition): tasks go there, annotators' answers come back.

Everything that talks to it lies here: projects and screens, tasks pushed exactly once, answers pulled. Which server it
is, `studio_settings` tells from [studio] and the environment. Answers are counted elsewhere (`annotation.label_state`).
"""

import os

from recall.config import Config, StudioSection
from recall.errors import BadInput

URL_VARIABLE = "RECALL_STUDIO_URL"
TOKEN_VARIABLE = "RECALL_STUDIO_TOKEN"  # noqa: S105 - a variable's name
"""Environment variables that hold the server's URL and an access token for it."""


def studio_settings(config: Config) -> StudioSection | None:
    """[studio] of this machine; None where neither it nor RECALL_STUDIO_URL names a server.

    Raises BadInput for a URL that is none.
    """
    url = os.environ.get(URL_VARIABLE, "") or config.studio.url
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise BadInput(f"{URL_VARIABLE}: expected http:// or https://, not {url!r}")
    return config.studio.model_copy(update={"url": url})
