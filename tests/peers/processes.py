"""Processes, ports and a throw-away PostgreSQL for the comparison.

Depends on Linux (a child dies with its parent) and on Debian's PostgreSQL. Invariant: what was started here has ended, and
its folder is gone, when Scratch is left, however that comes about.
"""
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

TMPFS = 0x01021994
PATIENCE = 60


class Wrong(Exception):
    """Something that the comparison needs is missing or does not work; the message is for people."""


def free_port():
    """Below those that the kernel gives to clients, so that none of them takes it meanwhile."""
    start = 20_000 + (time.time_ns() // 1000) % 8_000
    for port in range(start, 32_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Wrong("no port is free")


def get(url, patience=30):
    with urllib.request.urlopen(url, timeout=patience) as answer:
        return answer.read().decode()


def send(url, body, method="POST", patience=60, **headers):
    """The answer's text; a refusal is Wrong, with what it says."""
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"} | headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=patience) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise Wrong(f"{method} {url}: {error.code} {error.read().decode()}") from error


def run(words, patience=120, **more):
    """What the program prints; Wrong with all that it said where it fails."""
    try:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=patience, check=False, **more)
    except subprocess.TimeoutExpired as error:
        raise Wrong(f"{words[0]} did not end within {patience} s") from error
    if done.returncode != 0:
        raise Wrong(f"{' '.join(map(str, words))}\nended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def disk_folder():
    """Where files go to a disk: fsync in memory would flatter everybody."""
    for folder in (os.environ.get("TMPDIR", "/tmp"), "/var/tmp", "."):
        kind = subprocess.run(["stat", "-f", "-c", "%t", folder], capture_output=True, text=True, check=False)
        if kind.returncode == 0 and int(kind.stdout, 16) != TMPFS and os.access(folder, os.W_OK):
            return folder
    raise Wrong("there is no folder on a disk to write to; name one in TMPDIR")


class Scratch:
    """A folder of one peer's own, and the processes that work there."""

    def __init__(self, name):
        self.name = name
        self.folder = None
        self.processes = []

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix=f"ldt-peers-{self.name}-", dir=disk_folder()))
        self.folder.chmod(0o711)  # PostgreSQL's user passes through
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            self.end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def end(process):
        process.send_signal(getattr(process, "ends_by", signal.SIGTERM))
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def start(self, words, ends_by=signal.SIGTERM, **more):
        """Starts a process whose output goes to the peer's log."""
        with open(self.log(), "a") as log:
            process = subprocess.Popen([str(word) for word in words], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                       preexec_fn=die_with_parent, **more)
        process.ends_by = ends_by
        self.processes.append(process)
        return process

    def log(self):
        return self.folder / "log"

    def said(self):
        """The end of what its processes said."""
        return self.log().read_text(errors="replace")[-3000:] if self.log().exists() else ""

    def ready(self, what, condition, patience=PATIENCE):
        """Waits until the condition is true; Wrong, with the log's end, where a process ends or time runs out."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                if condition():
                    return
            except (OSError, ValueError, Wrong):
                pass
            if any(process.poll() is not None for process in self.processes):
                break
            time.sleep(0.1)
        raise Wrong(f"{what} does not start")


class Postgres:
    """A PostgreSQL server with everything durable, on the loopback interface."""

    # What is not PostgreSQL's own default: room for all connections, and for the data in memory. Durability is spelled out.
    SETTINGS = {"listen_addresses": "'127.0.0.1'", "max_connections": 300, "shared_buffers": "'512MB'", "max_wal_size": "'4GB'",
                "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

    def __init__(self, scratch):
        self.scratch = scratch
        self.programs = self.find()
        self.port = free_port()
        data = scratch.folder / "postgres"
        data.mkdir()
        if os.geteuid() == 0:  # as whom it refuses to run
            user = pwd.getpwnam("postgres")
            os.chown(data, user.pw_uid, user.pw_gid)
        run(self.as_its_user("initdb", "-D", data, "-U", "ldt", "--auth=trust", "--encoding=UTF8", "--locale=C"), cwd="/")
        with open(data / "postgresql.auto.conf", "a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in self.SETTINGS.items())
            file.write(f"port = {self.port}\nunix_socket_directories = '{data}'\n")
        scratch.start(self.as_its_user("postgres", "-D", data), ends_by=signal.SIGINT, cwd="/")
        scratch.ready("PostgreSQL", lambda: self.sql("SELECT 1"))

    @staticmethod
    def find():
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        if not found:
            raise Wrong("PostgreSQL is not installed: Debian's package postgresql")
        return found[-1].parent

    def as_its_user(self, program, *words):
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=INT"]
        return [*(as_user if os.geteuid() == 0 else []), self.programs / program, *words]

    def url(self, database="postgres"):
        return f"postgresql://ldt@127.0.0.1:{self.port}/{database}"

    def sql(self, text, *more):
        return run([self.programs / "psql", "-v", "ON_ERROR_STOP=1", "-qtAX", *more, *(["-c", text] if text else []), self.url()])

    def load(self, file):
        self.sql("", "-f", file)
