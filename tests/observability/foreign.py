"""An OTLP receiver that is not ours beside a marketplace: one order, followed there by its trace id over all four services.

The receiver is autotel-mcp from npm: OTLP over HTTP as JSON into a store in memory, with tools that answer questions. Depends
on the installed programs and on node. Everything listens on loopback and ends with the Foreign object.
"""
import json
import subprocess
import urllib.request

from checks import HERE, require
from live import eventually, free_port, get

SERVICES = {"order", "payment", "inventory", "delivery"}
SPANS = 17  # the order's own; charge, reserve, three times deliver, and three undos, each on both sides


def answer_to(address, tool, **arguments):
    """What the receiver's tool answers: JSON in a text in an event."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    request = urllib.request.Request(f"http://{address}/mcp", json.dumps(asked).encode(), {
        "Content-Type": "application/json", "Accept": "application/json, text/event-stream"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read().decode()
    data = text.partition("data: ")[2].strip() or text
    told = json.loads(json.loads(data)["result"]["content"][0]["text"])
    require(told["ok"], f"{tool}: {told}")
    return told["data"]


class Foreign:
    """The receiver, and a marketplace that sends there all that it has to tell."""

    def __init__(self, prefix, libraries, scratch):
        self.ldt = prefix / "bin/ldt"
        self.program = libraries / "node_modules/autotel-mcp/bin/autotel-mcp"
        self.scratch = scratch
        self.data = scratch / "foreign"
        self.http, self.questions, self.receiver = (f"127.0.0.1:{free_port()}" for _ in range(3))
        self.processes = []

    def start(self, *words, **environment):
        log = open(self.scratch / "foreign.log", "a")
        self.processes.append(subprocess.Popen([str(word) for word in words], stdout=log, stderr=log,
                                               env={"PATH": "/usr/bin:/bin:/usr/local/bin", **environment}))

    def __enter__(self):
        self.start("node", "--require", HERE / "webcrypto.cjs", self.program, "--transport", "http", "--port", self.questions.split(":")[1],
                   "--collector-port", self.receiver.split(":")[1])
        eventually("the receiver answers", lambda: get(self.questions, "/health"))
        self.start(self.ldt, "up", "--tls", "--data", self.data, "--http", self.http,
                   OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{self.receiver}", OTEL_EXPORTER_OTLP_PROTOCOL="http/json",
                   OTEL_BSP_SCHEDULE_DELAY="100", OTEL_BLRP_SCHEDULE_DELAY="100", OTEL_METRIC_EXPORT_INTERVAL="500")
        said = self.scratch / "foreign.log"
        eventually("the marketplace is ready", lambda: "is ready at" in said.read_text())  # orders are refused before
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(20)

    def followed(self):
        """A reverted order's trace has every service's spans, its undos, and one tree; its logs are found by the same id."""
        done = subprocess.run([self.ldt, "order", "alice", "late-day", "2", "--fail", "delivery.deliver=TIMEOUT:applied",
                               "--json", "--data", self.data], capture_output=True, text=True, timeout=60, check=False)
        order = json.loads(done.stdout)
        require(order["state"] == "REVERTED", f"the order is {order['state']}")
        trace = order["trace_id"]

        def whole():
            found = answer_to(self.questions, "get_trace", traceId=trace)  # null while it has heard of none
            return found["spans"] if found and len(found["spans"]) >= SPANS else None
        spans = eventually(f"a trace of {SPANS} spans", whole)
        require(len(spans) == SPANS, f"{len(spans)} spans")
        require({span["serviceName"] for span in spans} == SERVICES, "a service is missing in the trace")
        ids = {span["spanId"] for span in spans}
        roots = [span["operationName"] for span in spans if span["parentSpanId"] not in ids]
        require(roots == ["order.saga"], f"spans without a parent: {roots}")
        for step in ("delivery.revoke", "inventory.release", "payment.refund"):
            sides = {span["serviceName"] for span in spans if span["operationName"] == step}
            require(sides == {"order", step.split(".")[0]}, f"{step} is told by {sides}")
        struck = [span for span in spans if span["operationName"] == "delivery.deliver" and span["hasError"]]
        require(len(struck) == 6, f"{len(struck)} spans of delivery.deliver failed, not three on either side")

        def logs():
            found = answer_to(self.questions, "search_logs", traceId=trace, limit=100)["items"]
            return found if {log["serviceName"] for log in found} == SERVICES else None
        for log in eventually("logs of all services under the trace id", logs):
            require(log["spanId"] in ids, f"a log record of a span that is not there: {log}")

    def measured(self):
        """Every metric of the golden file arrives under its OpenTelemetry name."""
        for line in (HERE / "metrics.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                name = line.split()[0]
                eventually(name, lambda n=name: answer_to(self.questions, "list_metrics", metricName=n, limit=1)["items"])
