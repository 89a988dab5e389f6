"""A PostgreSQL server of one's own: `with Postgres() as server: server.url(...)`.

It listens on loopback and on a socket in its own folder, and is gone at the end. A server refuses to run as root, so a
test that does gives it to another user.
"""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

USER = "tidegate"
PATIENCE = 30  # seconds that a server may take to start


def programs():
    """The folder that holds `initdb` and `postgres`, or None."""
    found = [path for name in ("pg_ctl",) if (path := shutil.which(name))]
    folders = [pathlib.Path(path).resolve().parent for path in found]
    folders += sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    whole = [folder for folder in folders if all((folder / name).exists() for name in ("initdb", "postgres"))]
    return whole[0] if whole else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def other_user():
    """Whom to run as, if this is root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SystemExit("there is no user that PostgreSQL could run as")


class Postgres:
    def __init__(self):
        self.programs = programs()
        self.user = other_user()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-pg-"))
        self.port = free_port()
        self.process = None

    def __enter__(self):
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        data = self.folder / "data"
        subprocess.run(
            [self.programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, **self.as_user(),
        )
        self.start()
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def as_user(self):
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": [], "cwd": self.folder}

    def start(self):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder, "-p", str(self.port),
             "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"],
            stdout=log, stderr=log, **self.as_user(),
        )
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            ready = subprocess.run(
                [self.programs / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", "postgres", "-c", "SELECT 1"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            if ready.returncode == 0:
                return
            time.sleep(0.1)
        raise SystemExit("PostgreSQL does not start:\n" + (self.folder / "log").read_text()[-2000:])

    def stop(self, how=signal.SIGINT):
        """`SIGINT` ends it in order, `SIGQUIT` at once, as a crash would."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)

    def stand_still(self, still):
        """Has every process of the server stand still, or go on: connections stay, and nothing is answered."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in [str(self.process.pid), *children]:
            os.kill(int(pid), signal.SIGSTOP if still else signal.SIGCONT)

    def query(self, database, sql):
        ran = subprocess.run(
            [self.programs / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database, "-At", "-c", sql],
            check=True, capture_output=True, text=True,
        )
        return ran.stdout.strip()

    def url(self, database="postgres"):
        return f"postgres://{USER}@127.0.0.1:{self.port}/{database}?sslmode=disable"


if __name__ == "__main__":
    where = programs()
    if where is None:
        print("PostgreSQL is not installed (apt-get install postgresql)", file=sys.stderr)
        sys.exit(1)
    print(where)
