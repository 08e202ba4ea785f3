"""A second S3 server on the same files, whose one identity may read and list but not write: real refusals (403)."""

import json
import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from socket import create_connection

from tests.conftest import S3Server, free_ports, weed

START_SECONDS = 60.0


class S3WithoutWrite:
    """The server, started when it is first asked for. of: the one whose files it has."""

    def __init__(self, folder: Path, of: S3Server) -> None:
        self._folder, self._of = folder, of
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ("127.0.0.1", 0)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        if self._process is None:
            self._start()
        return self._address

    def _start(self) -> None:
        port = free_ports(1)
        keys = {"accessKey": self._of.access_key, "secretKey": self._of.secret_key}
        identity = {"name": "reader", "credentials": [keys], "actions": ["Read", "List"]}
        config = self._folder / "reader.json"
        config.write_text(json.dumps({"identities": [identity]}))
        arguments = [str(weed()), "s3", f"-filer=127.0.0.1:{self._of.filer}", f"-port={port}", "-ip.bind=127.0.0.1"]
        arguments += [f"-config={config}", "-port.iceberg=0", "-port.lance=0"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}  # an Admin's
        with (self._folder / "reader.log").open("wb") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log, env=environment, cwd=self._folder)
        self._address = ("127.0.0.1", port)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            with suppress(OSError), create_connection(self._address, 1):
                return
            time.sleep(0.1)
        raise SystemExit(
            f"the S3 server without Write did not start: {(self._folder / 'reader.log').read_text()[-500:]}"
        )

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None
