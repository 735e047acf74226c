"""Collectors of OpenTelemetry, run as programs, and what they print of the records that they receive."""

import contextlib
import importlib.util
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
from typing import NamedTuple

START_SECONDS = 30
ROTEL = pathlib.Path(importlib.util.find_spec("rotel").origin).parent / "rotel-agent"


class Record(NamedTuple):
    """A log record as its collector read it."""

    resource: dict
    event: str
    severity: str
    body: str
    attributes: dict


class Point(NamedTuple):
    """A point of a metric."""

    name: str
    unit: str
    kind: str
    attributes: dict
    value: float


@contextlib.contextmanager
def running(arguments, ports, output):
    with output.open("wb") as file:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
    try:
        for port in ports:
            wait_for(port, process, output)
        yield
    finally:
        process.kill()
        process.wait()


def wait_for(port, process, output):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, output.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port}:\n{output.read_text()}")


def rotel(grpc_port, http_port, output):
    """rotel, a collector in Rust: OTLP over gRPC and over HTTP, also with gzip."""
    arguments = [ROTEL, "start", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc_port}", "--otlp-http-endpoint", f"127.0.0.1:{http_port}",
                 "--exporter", "blackhole", "--debug-log", "metrics", "--debug-log", "logs", "--debug-log-verbosity", "detailed"]
    return running(arguments, [grpc_port, http_port], output)


def oteltap(port, output):
    """oteltap, a collector in Python: OTLP over HTTP. It refuses gzip."""
    return running([sys.executable, "-u", "-m", "oteltap", "--port", str(port)], [port], output)


def said_by_rotel(output):
    """The records and points that rotel printed."""
    records, points, resource, one, number = [], [], {}, {}, None
    attributes = None
    for line in output.read_text().splitlines():
        name, _, value = line.strip().removeprefix("-> ").partition(": ")
        if line.startswith(("ResourceLog ", "ResourceMetrics ")):
            resource = attributes = {}
        elif line.startswith("LogRecord #"):
            one, attributes = {}, {}
        elif line.startswith("Metric #"):
            one, attributes = {"kind": "Gauge"}, None
        elif line.startswith(("NumberDataPoint", "Data point attributes")):
            attributes = {}
        elif line.startswith("     -> ") and attributes is None:
            one[{"Name": "name", "Unit": "unit", "DataType": "kind"}.get(name, name)] = value
        elif line.startswith("     -> "):
            attributes[name] = read(value)
        elif line.startswith("Flags: "):
            records.append(Record(resource, one["EventName"], one["SeverityText"], read(one["Body"]), attributes))
        elif line.startswith("Value: "):
            points.append(Point(one["name"], one["unit"], one["kind"], attributes, float(value)))
        elif number is None and value:
            one[name] = value
    return records, points


def read(text):
    """`Str(x)`, `Int(1)`, `Double(0.5)`, `Bool(true)` or `Slice(…)` of strings."""
    kind, value = re.fullmatch(r"(\w+)\((.*)\)", text, re.S).groups()
    if kind == "Slice":
        return tuple(re.findall(r"Str\((.*?)\)(?:, |$)", value))
    return {"Str": str, "Int": int, "Double": float, "Bool": "true".__eq__}[kind](value)


def said_by_oteltap(output):
    """The records and points that oteltap printed. It leaves out the resource."""
    records, points = [], []
    for line in output.read_text().splitlines():
        if not line.startswith("{"):
            continue
        told = json.loads(line)
        if "eventName" in told:
            body = told["body"]["stringValue"]
            records.append(Record({}, told["eventName"], told["severityText"], body, values(told["attributes"])))
            continue
        kind = "Sum" if "sum" in told else "Gauge"
        for point in told[kind.lower()]["dataPoints"]:
            points.append(Point(told["name"], told["unit"], kind, values(point["attributes"]), float(point["asDouble"])))
    return records, points


def values(attributes):
    return {one["key"]: plain(one["value"]) for one in attributes}


def plain(value):
    ((kind, of),) = value.items()
    if kind == "arrayValue":
        return tuple(plain(one) for one in of["values"])
    return {"stringValue": str, "intValue": int, "doubleValue": float, "boolValue": bool}[kind](of)
