"""The files of deploy/ for containers, Kubernetes, collector, Prometheus and Grafana: each can be read, and what matters in it fits together."""

import json
import pathlib
import re

import kubernetes_validate
import promql_parser
import pytest
import yaml

import gpad

DEPLOY = gpad.ROOT / "deploy"
DRAIN_SECONDS = 10
USER = 10001


class Strict(yaml.SafeLoader):
    """Refuses a key that a mapping has twice, of which YAML would keep the last."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key twice, {node.start_mark}: {keys}"
        return super().construct_mapping(node, deep)


def documents(name):
    return list(yaml.load_all((DEPLOY / name).read_text(), Loader=Strict))


def one(name):
    found = documents(name)
    assert len(found) == 1
    return found[0]


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(s|m|h)", text).groups()
    return int(number) * {"s": 1, "m": 60, "h": 3600}[unit]


def dockerfile():
    """The instructions of the Dockerfile, continued lines joined, and of its last stage."""
    text = (DEPLOY / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    lines = "\n".join(lines).replace("\\\n", " ").splitlines()
    instructions = [tuple(line.split(None, 1)) for line in lines]
    last = max(number for number, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions, instructions[last:]


@pytest.fixture(scope="module")
def kubernetes():
    return {document["kind"]: document for document in documents("kubernetes.yaml")}


def test_a_key_twice_is_found():
    with pytest.raises(AssertionError):
        yaml.load("a: 1\na: 2\n", Loader=Strict)


def test_the_image_is_slim_and_has_no_rights():
    every, last = dockerfile()
    assert [name for name, _ in every].count("FROM") == 2
    known = {"FROM", "RUN", "WORKDIR", "COPY", "USER", "VOLUME", "ENV", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in every} <= known
    by_name = dict(last)
    assert "slim" in by_name["FROM"]
    assert by_name["USER"] == f"{USER}:{USER}"
    # What follows the user runs as the user; nothing before the entry point changes that.
    assert [name for name, _ in last].index("USER") < [name for name, _ in last].index("ENTRYPOINT")
    assert json.loads(by_name["ENTRYPOINT"]) == ["equity"] and json.loads(by_name["CMD"]) == ["serve"]
    health = json.loads(by_name["HEALTHCHECK"].split("CMD", 1)[1])
    assert health[:2] == ["equity", "status"]
    assert by_name["STOPSIGNAL"] == "SIGTERM"
    # Without the authorities that the system trusts, a start with an https collector is refused.
    own = [rest for name, rest in last if name == "RUN"]
    assert any("apt-get install" in rest and "ca-certificates" in rest for rest in own)
    build = " ".join(rest for name, rest in every if name == "RUN")
    assert "--profile dist" in build and "--locked" in build
    copied = [rest for name, rest in every if name == "COPY" and "--from" not in rest]
    ignored = (gpad.ROOT / ".dockerignore").read_text().split()
    for sources in (rest.split()[:-1] for rest in copied):
        for source in sources:
            assert (gpad.ROOT / source).exists(), source
            assert f"/{source}" not in ignored, source


def test_the_version_of_rust_is_that_of_the_crate():
    needed = re.search(r'^rust-version = "(.*)"', (gpad.ROOT / "Cargo.toml").read_text(), re.M).group(1)
    every, _ = dockerfile()
    assert every[0][1].startswith(f"rust:{needed}-slim")


def test_compose_has_the_service_and_a_collector():
    compose = one("compose.yaml")
    assert set(compose) <= {"name", "services", "volumes"}
    equity, collector = compose["services"]["equity"], compose["services"]["collector"]
    assert (DEPLOY / equity["build"]["context"]).resolve() == gpad.ROOT
    assert (gpad.ROOT / equity["build"]["dockerfile"]).is_file()
    # Without TLS, the port is open to this machine alone.
    assert equity["environment"]["EQUITY_ALLOW_PLAINTEXT"] == "true"
    for service in (equity, collector):
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), service["ports"]
    assert seconds(equity["stop_grace_period"]) >= DRAIN_SECONDS + 10
    assert equity["read_only"] and equity["cap_drop"] == ["ALL"]
    assert equity["ulimits"]["nofile"] >= 1024 + 256
    volume, target = equity["volumes"][0].split(":")
    assert volume in compose["volumes"]
    assert dict(dockerfile()[1])["VOLUME"] == target
    # The collector listens where the service sends to, and shows metrics on the port that is open.
    settings = one("collector.yaml")
    host, port = equity["environment"]["EQUITY_TELEMETRY_OTLP_ENDPOINT"].removeprefix("http://").split(":")
    assert host in compose["services"]
    assert settings["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"].endswith(f":{port}")
    metrics = settings["exporters"]["prometheus"]["endpoint"].rsplit(":", 1)[1]
    assert [port.rsplit(":", 1)[1] for port in collector["ports"]] == [metrics]
    mounted, place, mode = collector["volumes"][0].split(":")
    assert (DEPLOY / mounted).is_file() and mode == "ro" and collector["command"] == [f"--config={place}"]


def of_partner():
    """The configuration of a partner's collector in the guide."""
    (block,) = re.findall(r"```yaml\n(.*?)```", (DEPLOY / "guides" / "telemetry.md").read_text(), re.S)
    return yaml.load(block, Loader=Strict)


@pytest.mark.parametrize("settings, signals", [(one("collector.yaml"), {"traces", "metrics", "logs"}), (of_partner(), {"metrics", "logs"})])
def test_pipelines_of_the_collector_use_what_is_defined(settings, signals):
    assert set(settings) == {"receivers", "processors", "exporters", "extensions", "service"}
    used = {"receivers": set(), "processors": set(), "exporters": set()}
    assert set(settings["service"]["pipelines"]) == signals
    for pipeline in settings["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            used[kind].update(names)
        assert pipeline["processors"][0] == "memory_limiter"
    for kind, names in used.items():
        assert names == set(settings[kind]), kind
    assert set(settings["service"]["extensions"]) == set(settings["extensions"])


def test_a_partner_receives_over_tls_what_the_guide_sends_there():
    settings = of_partner()
    protocols = settings["receivers"]["otlp"]["protocols"]
    assert {name: of["endpoint"].rsplit(":", 1)[1] for name, of in protocols.items()} == {"grpc": "4317", "http": "4318"}
    for of in protocols.values():
        assert set(of) == {"endpoint", "tls"}
        assert set(of["tls"]) == {"cert_file", "key_file", "client_ca_file"}
    # What is taken counts as delivered: it is kept on disk until it is passed on.
    for exporter in settings["exporters"].values():
        assert exporter["sending_queue"]["storage"] in settings["extensions"]
        assert exporter["retry_on_failure"]["max_elapsed_time"] == 0
    guide = (DEPLOY / "guides" / "telemetry.md").read_text()
    (endpoint,) = re.findall(r'^endpoint = "(.*?)"', guide, re.M)
    assert endpoint.startswith("https://") and endpoint.endswith(":4317")


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_manifests_follow_the_schemas_of_kubernetes(version):
    for document in documents("kubernetes.yaml"):
        kubernetes_validate.validate(document, version, strict=True)
    wrong = {"apiVersion": "v1", "kind": "Service", "spec": {"port": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, version, strict=True)


def test_kubernetes_runs_one_replica_without_rights(kubernetes):
    assert set(kubernetes) == {"ConfigMap", "Service", "StatefulSet"}
    for document in kubernetes.values():
        assert document["metadata"]["name"] == "equity" and document["apiVersion"]
    stateful = kubernetes["StatefulSet"]["spec"]
    assert stateful["replicas"] == 1
    assert stateful["serviceName"] == kubernetes["Service"]["metadata"]["name"]
    labels = stateful["template"]["metadata"]["labels"]
    assert stateful["selector"]["matchLabels"] == labels == kubernetes["Service"]["spec"]["selector"]
    pod = stateful["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == USER
    assert pod["securityContext"]["fsGroup"] == USER
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    (port,) = container["ports"]
    assert kubernetes["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]


def test_kubernetes_waits_for_the_drain_and_keeps_the_data(kubernetes):
    stateful = kubernetes["StatefulSet"]["spec"]
    pod = stateful["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] >= DRAIN_SECONDS + 10
    (container,) = pod["containers"]
    claims = {claim["metadata"]["name"]: claim["spec"] for claim in stateful["volumeClaimTemplates"]}
    assert all(spec["resources"]["requests"]["storage"] for spec in claims.values())
    assert set(stateful["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    volumes = {volume["name"] for volume in pod["volumes"]} | set(claims)
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert set(mounts) == volumes
    settings = kubernetes["ConfigMap"]["data"]["equity.toml"]
    # Whatever the settings name is on a volume, data and witness on two.
    for path in re.findall(r'"(/[^"]+)"', settings):
        assert any(path.startswith(f"{mount}/") or path == mount for mount in mounts.values()), path
    assert mounts["data"] != mounts["witness"]
    for variable in container["env"]:
        path = variable["value"]
        assert not path.startswith("/") or any(path.startswith(f"{mount}/") for mount in mounts.values()), path


def test_probes_ask_the_health_service(kubernetes):
    (container,) = kubernetes["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = container[name]
        command = probe["exec"]["command"]
        assert command[:2] == ["equity", "status"] and "--ignore-writing" in command, name
        # The command waits 5 s for a connection and 5 s for an answer.
        assert probe["timeoutSeconds"] >= 10, name
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 3600


def test_alerts_are_rules_that_prometheus_reads():
    (group,) = one("alerts.yaml")["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(names) == len(set(names)) > 10
    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        promql_parser.parse(rule["expr"])
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "runbook"}
        seconds(rule.get("for", "1m"))
    with pytest.raises(ValueError):
        promql_parser.parse("rate(x[5m]")


def test_panels_of_the_dashboard_ask_what_prometheus_reads():
    dashboard = json.loads((DEPLOY / "dashboard.json").read_text())
    assert dashboard["uid"] and dashboard["title"] and dashboard["schemaVersion"] >= 36
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 12
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, f"{panel['title']} lies over another"
        taken |= cells
        for target in panel["targets"]:
            promql_parser.parse(target["expr"].replace("$__rate_interval", "5m"))


def test_every_file_is_in_the_list():
    listed = (DEPLOY / "README.md").read_text()
    for path in DEPLOY.iterdir():
        if path.name != "README.md" and path.is_file():
            assert f"]({path.name})" in listed, path.name
    for name in re.findall(r"\]\(([a-zA-Z.]+)\)", listed):
        assert pathlib.Path(DEPLOY / name).exists(), name
