"""A PostgreSQL server of its own for a test: a fresh folder, a free port, a password; gone when the test is."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "hold/fast@7"
MISSING = (
    "PostgreSQL is not installed (no initdb in /usr/lib/postgresql/*/bin nor on the PATH). "
    "On Debian and Ubuntu: apt-get install postgresql, or 'make system' as root."
)


class Server:
    def __init__(self, folder: Path, programs: Path, port: int) -> None:
        self.folder, self.programs, self.port = folder, programs, port

    @property
    def url(self) -> str:
        from urllib.parse import quote

        return f"postgresql://me:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/postgres"

    def run(self, *words: str) -> None:
        # The server refuses to be run by root; Debian's package makes a user for it.
        become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        # What the server says goes to a file: it would keep a pipe of ours open for as long as it lives.
        with open(self.folder / "said", "ab") as said:
            done = subprocess.run(
                [*become, str(self.programs / words[0]), *words[1:]],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=120,
            )
        assert done.returncode == 0, (self.folder / "said").read_text()

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")


@contextmanager
def postgres() -> Iterator[Server]:
    """Raises ``FileNotFoundError`` with what to install where there is no PostgreSQL."""
    programs = programs_folder()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="holdfast-postgres-"))
    server = Server(folder, programs, port)
    try:
        (folder / "password").write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (folder, folder / "password"):
                shutil.chown(path, "postgres")
        asked = ["-U", "me", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync"]
        server.run("initdb", "-D", str(folder / "data"), *asked)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        server.run("pg_ctl", "-D", str(folder / "data"), "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def programs_folder() -> Path:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise FileNotFoundError(MISSING)
