"""What is right about the files in deploy/observability/, found out without running anything but promtool.

Each function raises Wrong with everything that is wrong, or returns. Depends on PyYAML and promtool.
"""
import json
import re
import subprocess
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
MONITORING = {"up", "target_info"}  # what Prometheus, and OpenTelemetry's way to it, add
SUFFIXES = {"sum": [""], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}


class Wrong(Exception):
    """What a check found."""


def require(condition, what):
    if not condition:
        raise Wrong(what)


def run(*words):
    """Runs a program; what it prints where it fails is what is wrong."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, check=False)
    require(done.returncode == 0, f"{words[0]} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def golden():
    """The names in Prometheus of the metrics of metrics.txt, each with its kind."""
    lines = [line.split() for line in (HERE / "metrics.txt").read_text().splitlines() if not line.startswith("#")]
    metrics = {words[5]: words[1] for words in lines if words}
    require(len(metrics) >= 10, "metrics.txt has hardly any metric")
    return metrics


def recorded(rules):
    """The names that recording rules give."""
    groups = [group for file in sorted(rules.glob("*.yml")) for group in yaml.safe_load(file.read_text())["groups"]]
    return groups, {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def names_in(expression):
    """What an expression of PromQL names as metrics: words that are neither a function nor a label nor a keyword."""
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\{[^}]*\}', " ", expression)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    words = re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?![a-zA-Z0-9_:]|\s*\()", bare)
    return set(words) - {"and", "or", "unless", "bool", "offset"}


def check_names(expressions, known):
    """Every metric that an expression names is one that there is."""
    for where, expression in expressions:
        names = names_in(expression)
        require(names, f"{where} names no metric: {expression}")
        require(names <= known, f"{where} names what does not exist: {', '.join(sorted(names - known))}")


def known_names(rules):
    """Everything that a query may name."""
    series = {name + suffix for name, kind in golden().items() for suffix in SUFFIXES[kind]}
    return series | recorded(rules)[1] | MONITORING


def prometheus(folder):
    """The configurations and rules are sound; the alerts name metrics that there are and say what to do."""
    for file in sorted(folder.glob("*.yml")):
        run("promtool", "check", "config", file)
    rules = folder / "rules"
    groups, _ = recorded(rules)
    all_rules = [rule for group in groups for rule in group["rules"]]
    check_names([(rule.get("alert", rule.get("record")), rule["expr"]) for rule in all_rules], known_names(rules))
    for rule in all_rules:
        if "alert" not in rule:
            continue
        require(rule["labels"]["severity"] in ("page", "ticket"), f"{rule['alert']}: severity")
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        require(anchor == rule["alert"].lower(), f"{rule['alert']}: its runbook is {anchor}")
        paragraph = re.search(rf"^### {rule['alert']}\n(\S.{{60,}})$", (folder.parent / page).read_text(), re.M)
        require(paragraph, f"{rule['alert']}: {page} does not say what to do")


def alerts_as_tested(folder, scratch):
    """promtool's unit tests pass, and every alert is in one that fires it."""
    fired = set()
    groups = [group["name"] for group in recorded(folder / "rules")[0]]
    for name in ("rules_test.yml", "budget_test.yml"):
        text = (HERE / name).read_text().replace("RULES", str((folder / "rules").resolve()))
        order = yaml.safe_load(text)["group_eval_order"]
        require(sorted(order) == sorted(groups), f"{name}: group_eval_order is to name each of {groups} once")
        (scratch / name).write_text(text)
        run("promtool", "test", "rules", scratch / name)
        cases = [case for test in yaml.safe_load(text)["tests"] for case in test["alert_rule_test"]]
        fired |= {case["alertname"] for case in cases if case.get("exp_alerts")}
    alerts = {rule["alert"] for group in recorded(folder / "rules")[0] for rule in group["rules"] if "alert" in rule}
    require(alerts == fired, f"alerts that no test fires: {', '.join(sorted(alerts ^ fired))}")


def dashboard(folder):
    """Panels have ids and places of their own, and ask for metrics that there are."""
    for file in sorted((folder / "grafana/dashboards").glob("*.json")):
        board = json.loads(file.read_text())
        panels = board["panels"]
        ids = [panel["id"] for panel in panels]
        require(len(ids) == len(set(ids)), f"{file.name}: panels share an id")
        cells = set()
        for panel in panels:
            place = panel["gridPos"]
            require(place["x"] + place["w"] <= 24, f"{file.name}: {panel['title']} is beyond the edge")
            own = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                   for y in range(place["y"], place["y"] + place["h"])}
            require(not own & cells, f"{file.name}: {panel['title']} lies over another panel")
            cells |= own
        queries = [(f"{file.name}: {panel['title']}", target["expr"])
                   for panel in panels for target in panel.get("targets", [])]
        require(len(queries) > 10, f"{file.name} has hardly any query")
        check_names(queries, known_names(folder / "prometheus/rules"))


def dashboard_queries(folder):
    """Every query of the dashboards, as Prometheus can be asked it."""
    for file in sorted((folder / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield panel["title"], target["expr"].replace("$__rate_interval", "1m")


def collector(folder):
    """Pipelines name components that are configured, and the distribution has; its image is the one of that list."""
    (listing,) = HERE.glob("collector-*.txt")
    version = listing.stem.removeprefix("collector-")
    has = {kind: names.split() for kind, names in
           (line.split(":") for line in listing.read_text().splitlines() if not line.startswith("#"))}
    config = yaml.safe_load((folder / "otel-collector/config.yaml").read_text())
    for kind in ("receivers", "processors", "exporters", "extensions"):
        for component in config[kind]:
            require(component.split("/")[0] in has[kind], f"{kind}: the distribution has no {component}")
    require(set(config) <= {*has, "service"}, f"sections of no collector: {sorted(set(config) - {*has, 'service'})}")
    service = config["service"]
    used = {"extensions": set(service["extensions"])}
    for name, pipeline in service["pipelines"].items():
        require(name.split("/")[0] in ("traces", "metrics", "logs"), f"no pipeline is for {name}")
        require(pipeline["processors"][0] == "memory_limiter", f"{name}: memory_limiter comes first")
        for kind, components in pipeline.items():
            used.setdefault(kind, set()).update(components)
    for kind, components in used.items():
        require(components == set(config[kind]), f"{kind}: configured {sorted(config[kind])}, used {sorted(components)}")
    image = yaml.safe_load((folder / "compose.yaml").read_text())["services"]["otel-collector"]["image"]
    require(image == f"otel/opentelemetry-collector:{version}", f"{image} is not the version {version} of {listing.name}")


def compose(folder):
    """Images are pinned, ports are on loopback, mounted files exist, and addresses are those of the other files."""
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    for name, service in services.items():
        require(re.search(r":v?\d+\.\d+\.\d+$", service["image"]), f"{name}: {service['image']} is not pinned")
        for port in service.get("ports", []):
            require(port.startswith("127.0.0.1:"), f"{name}: port {port} is open to others")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            require(not source.startswith(".") or (folder / source).exists(), f"{name}: there is no {source}")
    texts = [(folder / file).read_text() for file in
             ("otel-collector/config.yaml", "prometheus/prometheus.collector.yml",
              "grafana/provisioning/datasources/ldt.yaml")]
    hosts = {host for text in texts for host in re.findall(r"([a-z][a-z-]+):\d{4}", text)} - {"http"}
    require(hosts <= set(services), f"hosts that are no service: {sorted(hosts - set(services))}")
    sources = yaml.safe_load(texts[2])["datasources"]
    require({source["uid"] for source in sources} >= {"ldt-prometheus", "ldt-jaeger", "ldt-loki"}, "data sources")


def grafana_types(folder, libraries):
    """The dashboards are what Grafana's own TypeScript types say that a dashboard is."""
    types = "@grafana/schema/dist/types/raw/dashboard/x/dashboard_types.gen.d.ts"
    for file in sorted((folder / "grafana/dashboards").glob("*.json")):
        # To TypeScript a string is no member of an enum: those are looked at by name.
        text = re.sub(r'"mode": "(absolute|percentage)"', r'"mode": "\1" as ThresholdsMode',
                      json.dumps(json.loads(file.read_text())))
        source = libraries / f"{file.stem}.ts"
        source.write_text(f"import type {{ Dashboard, ThresholdsMode }} from '{types}';\n"
                          f"export const board: Dashboard = {text};\n")
        run("node", libraries / "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck",
            "--module", "nodenext", "--moduleResolution", "nodenext", "--allowImportingTsExtensions", source)
