"""Debian's Prometheus, with our configuration, beside a marketplace that works: it finds, stores and judges the metrics.

Depends on the installed programs and on prometheus. Everything listens on loopback and ends with the Live object.
"""
import json
import re
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

from checks import Wrong, dashboard_queries, golden, require, run, SUFFIXES

PATIENCE = 20


def free_port():
    """Below those that the kernel gives to clients, so that none of them takes it meanwhile."""
    for port in range(20_000 + (time.time_ns() // 1000) % 8_000, 32_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Wrong("no port is free")


def get(address, path, **query):
    url = f"http://{address}{path}" + ("?" + urllib.parse.urlencode(query) if query else "")
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def eventually(what, condition, patience=PATIENCE):
    """The first answer of condition() that is not empty; fails with what it said last."""
    deadline = time.monotonic() + patience
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (OSError, ValueError) as error:
            last = error
        time.sleep(0.1)
    raise Wrong(f"{what}: not within {patience} s; last: {last!r}")


class Live:
    """A marketplace with a telemetry store, and a Prometheus that scrapes it."""

    def __init__(self, prefix, folder, scratch):
        self.ldt = prefix / "bin/ldt"
        self.data = scratch / "data"
        self.folder = folder
        self.scratch = scratch
        self.http, self.store, self.prometheus = (f"127.0.0.1:{free_port()}" for _ in range(3))
        self.server = None
        self.up = None

    def __enter__(self):
        log = open(self.scratch / "ldt.log", "w")
        environment = {"LDT_TELEMETRY_STORE": "on", "OTEL_METRIC_EXPORT_INTERVAL": "500", "PATH": "/usr/bin:/bin"}
        self.up = subprocess.Popen([self.ldt, "up", "--data", self.data, "--http", self.http, "--otlp-grpc", "off",
                                    "--otlp-http", self.store, "--tls"], env=environment, stdout=log, stderr=log)
        eventually("the marketplace is ready", lambda: "true" in get(self.http, "/readyz"))
        config = (self.folder / "prometheus/prometheus.yml").read_text()
        require(config.count("127.0.0.1:4318") == 1, "prometheus.yml scrapes the store's port, once")
        config = config.replace("127.0.0.1:4318", self.store).replace("rules/", f"{self.folder}/prometheus/rules/")
        config = re.sub(r"(scrape_interval|scrape_timeout|evaluation_interval): \d+s", r"\1: 1s", config)
        (self.scratch / "prometheus.yml").write_text(config)
        self.server = subprocess.Popen(
            ["prometheus", f"--config.file={self.scratch}/prometheus.yml", f"--storage.tsdb.path={self.scratch}/tsdb",
             f"--web.listen-address={self.prometheus}"], stdout=log, stderr=log)
        eventually("Prometheus is ready", lambda: get(self.prometheus, "/-/ready"))
        return self

    def __exit__(self, *_):
        for process in (self.server, self.up):
            if process is None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()

    def order(self, *words):
        """Places an order; its exit code says how it ended."""
        subprocess.run([self.ldt, "order", *words, "--data", self.data], capture_output=True, timeout=30, check=False)

    def query(self, expression):
        answer = json.loads(get(self.prometheus, "/api/v1/query", query=expression))
        require(answer["status"] == "success", f"{expression}: {answer}")
        return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in answer["data"]["result"]}

    def value(self, expression):
        """Of one series; nothing where there is none."""
        found = list(self.query(expression).values())
        return found[0] if found else None

    def exposition(self):
        """What Prometheus is handed: sound, and the metrics of the golden file, no more and no fewer."""
        text = get(self.store, "/metrics")
        (self.scratch / "metrics.txt").write_text(text)
        with open(self.scratch / "metrics.txt") as metrics:
            done = subprocess.run(["promtool", "check", "metrics"], stdin=metrics, capture_output=True, text=True, timeout=30, check=False)
        require(done.returncode == 0, f"promtool check metrics: {done.stdout}{done.stderr}")
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        expected = {name: "counter" if kind == "sum" else kind for name, kind in golden().items()} | {"target_info": "gauge"}
        require(types == expected, f"families differ from the golden file: {set(types.items()) ^ set(expected.items())}")

    def scraped(self):
        """Prometheus has what happened: every service, every metric, and the numbers."""
        for _ in range(3):
            self.order("alice", "late-day", "1")
        self.order("alice", "late-day", "1", "--fail", "delivery.deliver=REFUSE")
        self.order("alice", "late-day", "50000")
        wanted = {"SUCCESS": 3, "UNDELIVERABLE": 1, "INSUFFICIENT_FUND": 1, "TIMEOUT": 0, "UNKNOWN": 0, "CANCELLED": 0,
                  "INSUFFICIENT_INVENTORY": 0}
        for outcome, count in wanted.items():
            eventually(f"{count} orders with {outcome}",
                       lambda o=outcome, c=count: self.value(f'ldt_orders_total{{job="ldt/order", outcome="{o}"}}') == c)
        eventually("undos", lambda: self.value('sum(ldt_undos_total{step="payment.refund"})') >= 1)
        eventually("commands", lambda: self.value(
            'ldt_participant_commands_total{job="ldt/payment", step="payment.charge", outcome="SUCCESS"}') == 4)
        services = {dict(labels)["job"] for labels in self.query("target_info")}
        require(services == {"ldt/order", "ldt/payment", "ldt/inventory", "ldt/delivery"}, f"services: {services}")
        require(self.value('up{job="ldt"}') == 1, "the store is up")
        for name, kind in golden().items():
            for suffix in SUFFIXES[kind]:
                eventually(f"{name}{suffix}", lambda n=name + suffix: self.query(n))
        counted = self.value('ldt_saga_duration_seconds_count{outcome="SUCCESS"}')
        in_buckets = self.value('ldt_saga_duration_seconds_bucket{outcome="SUCCESS", le="+Inf"}')
        require(counted == in_buckets == 3, f"sagas: {counted} counted, {in_buckets} in buckets")

    def judged(self):
        """The rules are loaded and work; an order that cannot end is an alert that waits; queries of the dashboard answer."""
        self.order("bob", "late-day", "1", "--fail", "payment.charge=UNKNOWN", "--hold", "--no-wait")
        rules = eventually("rules are judged", lambda: self.judged_rules())
        bad = [rule["name"] for rule in rules if rule["health"] != "ok"]
        require(not bad, f"rules that do not work: {bad}")
        eventually("LdtOrdersHeld is pending", lambda: self.query('ALERTS{alertname="LdtOrdersHeld", alertstate="pending"}'))
        for title, expression in dashboard_queries(self.folder):
            self.query(expression)  # refuses what cannot be asked
        for name in ("In flight", "Held", "Stuck", "Oldest in flight"):
            expression = dict(dashboard_queries(self.folder))[name]
            require(self.value(expression) is not None, f"{name} has no value: {expression}")
        # Those that must not fire beside a marketplace that is well.
        loud = {dict(labels)["alertname"] for labels in self.query("ALERTS")} - {"LdtOrdersHeld"}
        calm = {"LdtCertificateEnds", "LdtSagaStuck", "LdtServiceDown", "LdtMetricsMissing", "LdtTelemetryDropped"}
        require(not loud & calm, f"alerts for nothing: {sorted(loud & calm)}")

    def judged_rules(self):
        groups = json.loads(get(self.prometheus, "/api/v1/rules"))["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return rules if rules and all(rule["health"] != "unknown" for rule in rules) else None

    def restarted(self):
        """A service that was killed is another instance, which counts anew."""
        pid = run("pgrep", "-P", self.up.pid, "-x", "ldt-payment").split()[0]
        subprocess.run(["kill", "-9", pid], check=True)
        eventually("payment, restarted, is another instance",
                   lambda: len(self.query('target_info{job="ldt/payment"}')) == 2)
