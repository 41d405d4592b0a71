"""The marketplace and its peers, each started on data of its own, loaded, and asked how many orders it has finished.

Depends on processes.py, wrk, node and what npm installed. Invariant: a figure is given only where the peer itself counts at
least as many finished orders as the generator heard of.
"""
import json
import os
import re
import shutil
from pathlib import Path

from processes import Postgres, Scratch, Wrong, free_port, get, run, send

HERE = Path(__file__).resolve().parent
SKUS = 100
WARM_UP = 3
PEER_CONNECTIONS = 32  # to PostgreSQL: more of them are slower on two cores


def order_body():
    return '{"user":"peer-00000007","sku":"peer-00007","quantity":1}'


def wrk(url, path, connections, seconds, seed):
    """Puts orders on a peer from so many connections, each as soon as its last one was answered."""
    program = shutil.which("wrk")
    if not program:
        raise Wrong("wrk is not installed: Debian's package wrk")
    said = run([program, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", HERE / "orders.lua", url, "--",
                path, seed], patience=seconds + 60)
    result = json.loads(re.search(r"^RESULT (.*)$", said, re.M).group(1))
    if not result["requests"] or result["refused"] or result["broken"]:
        raise Wrong(f"{result['requests']} orders were answered, {result['refused']} of them refused, and {result['broken']} connections failed")
    return result


class Peer:
    """One of those compared, while it runs. `name` is what --only takes."""

    name = ""
    about = ""
    path = "/orders"

    def __init__(self, options):
        self.options = options
        self.scratch = Scratch(self.name)
        self.url = ""

    def __enter__(self):
        self.scratch.__enter__()
        try:
            self.start()
        except BaseException as error:
            said = self.scratch.said()
            self.scratch.__exit__()
            if isinstance(error, Wrong):
                raise Wrong(f"{error}\n{said}") from error
            raise
        return self

    def __exit__(self, *_):
        self.scratch.__exit__()

    def start(self):
        raise NotImplementedError

    def finished(self):
        """How many orders have ended, as the peer itself says."""
        return json.loads(get(f"{self.url}/finished"))["finished"]

    def first_order(self):
        answer = json.loads(send(self.url + self.path, order_body(), Prefer="wait=10"))
        if answer.get("state") != "COMPLETED":
            raise Wrong(f"an order should complete, but: {answer}")

    def measure(self, connections, seconds):
        """{orders_per_second, p50_us, p99_us} with so many connections."""
        wrk(self.url, self.path, connections, WARM_UP, 1)
        before = self.finished()
        result = wrk(self.url, self.path, connections, seconds, 2)
        counted = self.finished() - before
        if counted < result["requests"]:
            raise Wrong(f"{result['requests']} orders were answered, but only {counted} have finished")
        return {"orders_per_second": result["requests"] * 1e6 / result["us"], "p50_us": result["p50_us"], "p99_us": result["p99_us"]}

    def node(self, *words):
        program = shutil.which("node")
        if not program:
            raise Wrong("node is not installed: Debian's package nodejs")
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.scratch.folder), "NODE_ENV": "production", "DO_NOT_TRACK": "1"}
        self.scratch.start([program, *words], cwd=self.options.libraries, env=environment)


class Ours(Peer):
    name = "ldt"
    about = "this marketplace: five processes, SQLite, telemetry on"
    path = "/v1/orders"

    def start(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        data = self.scratch.folder / "data"
        environment = {"PATH": "/usr/bin:/bin"}
        self.scratch.start([self.options.prefix / "bin/ldt", "up", "--data", data, "--http", f"127.0.0.1:{port}", "--otlp-grpc", "off",
                            "--otlp-http", "off"], env=environment)
        self.scratch.ready("the marketplace", lambda: "true" in get(f"{self.url}/readyz"))
        self.operator = {"Authorization": "Bearer " + (data / "operator.token").read_text().strip()}
        for sku in range(SKUS):
            item = f"{self.url}/v1/inventory/peer-{sku:05d}"
            send(item, '{"price":1}', "PUT", **self.operator)
            send(f"{item}/restock", '{"quantity":100000000}', **self.operator)

    def finished(self):
        """The audit's, which also proves that each was charged, reserved and delivered exactly once."""
        answer = json.loads(send(f"{self.url}/v1/audit", "", "GET", patience=120, **self.operator))
        if not answer["ok"]:
            raise Wrong(f"the audit is not clean: {answer}")
        return answer["orders"]["COMPLETED"]


class Handwritten(Peer):
    name = "node"
    about = "a server written by hand: node and PostgreSQL, five commits, no recovery"

    def start(self):
        database = Postgres(self.scratch)
        database.load(HERE / "schema.sql")
        self.serve("node_server.mjs", database.url())

    def serve(self, program, database):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.node(self.options.libraries / program, port, database, PEER_CONNECTIONS)
        self.scratch.ready(program, lambda: self.finished() == 0)


class Dbos(Handwritten):
    name = "dbos"
    about = "DBOS over PostgreSQL: a workflow with three steps"

    def start(self):
        database = Postgres(self.scratch)
        database.sql("CREATE DATABASE dbos")
        self.serve("dbos_server.mjs", database.url("dbos"))


class Restate(Peer):
    name = "restate"
    about = "Restate's server and a handler in node with three durable steps"
    path = "/orders/place"

    def start(self):
        ingress, admin, fabric, handlers, status = (free_port() for _ in range(5))
        self.url = f"http://127.0.0.1:{ingress}"
        self.status = f"http://127.0.0.1:{status}"
        self.node(self.options.libraries / "restate_service.mjs", handlers, status)
        self.scratch.start([self.server(), "--no-logo", "--config-file", self.configuration(ingress, admin, fabric)],
                           cwd=self.scratch.folder, env={"PATH": "/usr/bin:/bin", "DO_NOT_TRACK": "1"})
        self.scratch.ready("Restate", lambda: get(f"http://127.0.0.1:{admin}/health") is not None)
        send(f"http://127.0.0.1:{admin}/deployments", json.dumps({"uri": f"http://127.0.0.1:{handlers}"}))

    def server(self):
        found = sorted((self.options.libraries / "node_modules/@restatedev").glob("restate-server-*/bin/restate-server"))
        if not found:
            raise Wrong("npm has no Restate server for this machine")
        return found[0]

    def configuration(self, ingress, admin, fabric):
        """Its defaults, durability included; what differs: loopback only, and nobody is told."""
        file = self.scratch.folder / "restate.toml"
        file.write_text(f"""
node-name = "peers"
base-dir = "{self.scratch.folder}/restate"
listen-mode = "tcp"
bind-address = "127.0.0.1:{fabric}"
advertised-address = "http://127.0.0.1:{fabric}/"
disable-telemetry = true
log-filter = "warn"
[bifrost.local]
rocksdb-disable-wal-fsync = false
[log-server]
rocksdb-disable-wal-fsync = false
[ingress]
bind-address = "127.0.0.1:{ingress}"
[admin]
bind-address = "127.0.0.1:{admin}"
disable-web-ui = true
""")
        return file

    def finished(self):
        return json.loads(get(self.status))["finished"]


class Pgbench(Peer):
    name = "pgbench"
    about = "PostgreSQL alone: its own generator, the five transactions, no HTTP"

    def start(self):
        self.database = Postgres(self.scratch)
        self.database.load(HERE / "schema.sql")
        self.program = self.database.programs / "pgbench"

    def first_order(self):
        self.load(1, ["-t", 1])

    def finished(self):
        return int(self.database.sql("SELECT count(*) FROM orders WHERE state = 'COMPLETED'"))

    def load(self, clients, extent):
        words = ["-n", "-M", "prepared", "-c", clients, "-j", 1, *extent, "-f", HERE / "pgbench.sql", self.database.url()]
        return run([self.program, *words], patience=self.options.seconds + 60, cwd=self.scratch.folder)

    def measure(self, connections, seconds):
        clients = min(connections, PEER_CONNECTIONS)
        self.load(clients, ["-T", WARM_UP])
        before = self.finished()
        said = self.load(clients, ["-T", seconds, "--log", "--log-prefix", self.scratch.folder / "each"])
        latencies = sorted(int(line.split()[2]) for file in self.scratch.folder.glob("each.*") for line in file.read_text().splitlines())
        for file in self.scratch.folder.glob("each.*"):
            file.unlink()
        if self.finished() - before < len(latencies):
            raise Wrong(f"{len(latencies)} orders were placed, but only {self.finished() - before} have finished")
        rate = float(re.search(r"^tps = ([\d.]+)", said, re.M).group(1))
        return {"orders_per_second": rate, "p50_us": latencies[len(latencies) // 2], "p99_us": latencies[len(latencies) * 99 // 100]}


ALL = (Ours, Handwritten, Pgbench, Restate, Dbos)
