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
    """A log record as its collector read it. Times are nanoseconds since 1970."""

    resource: dict
    scope: str
    event: str
    severity: str
    body: str
    attributes: dict
    time: int
    observed: int


class Point(NamedTuple):
    """A point of a metric. `kind` is `Gauge`, or `Sum` with what it says of itself. Without a value it ends its series."""

    scope: str
    name: str
    unit: str
    kind: tuple
    attributes: dict
    start: int
    time: int
    value: float | None


GAUGE, SUM = ("Gauge",), ("Sum", "cumulative", "monotonic")


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
    records, points, resource, scope, one = [], [], {}, "", {}
    attributes, is_point = None, False
    for line in output.read_text().splitlines():
        name, _, value = line.strip().removeprefix("-> ").partition(": ")
        if line.startswith(("ResourceLog ", "ResourceMetrics ")):
            resource = attributes = {}
        elif line.startswith("InstrumentationScope "):
            scope = line.removeprefix("InstrumentationScope ")
        elif line.startswith("LogRecord #"):
            one, attributes, is_point = {}, {}, False
        elif line.startswith("Metric #"):
            one, attributes, is_point = {}, None, False
        elif line.startswith("NumberDataPoints"):
            attributes, is_point = {}, True
        elif line.startswith("     -> ") and attributes is None:
            one[name] = value
        elif line.startswith("     -> "):
            attributes[name] = read(value)
        elif line.startswith("Flags: "):
            times = int(one["Timestamp"]), int(one["ObservedTimestamp"])
            records.append(Record(resource, scope, one["EventName"], one["SeverityText"], read(one["Body"]), attributes, *times))
        elif line.startswith("Timestamp: ") and is_point:
            # The value is in the next line, if there is one.
            points.append(Point(scope, one["Name"], one["Unit"], kind(one), attributes, int(one["StartTimestamp"]), int(value), None))
        elif line.startswith("Value: "):
            points[-1] = points[-1]._replace(value=float(value))
        elif value:
            one[name] = value
    return records, points


def kind(said):
    if said["DataType"] != "Sum":
        return (said["DataType"],)
    temporality = said["AggregationTemporality"].removeprefix("AGGREGATION_TEMPORALITY_").lower()
    return ("Sum", temporality, "monotonic" if said["IsMonotonic"] == "true" else "not monotonic")


def read(text):
    """`Str(x)`, `Int(1)`, `Double(0.5)`, `Bool(true)` or `Slice(…)` of strings."""
    kind, value = re.fullmatch(r"(\w+)\((.*)\)", text, re.S).groups()
    if kind == "Slice":
        return tuple(re.findall(r"Str\((.*?)\)(?:, |$)", value))
    return {"Str": str, "Int": int, "Double": float, "Bool": "true".__eq__}[kind](value)


def said_by_oteltap(output):
    """The records and points that oteltap printed. It leaves out the resource and the scope."""
    records, points = [], []
    for line in output.read_text().splitlines():
        if not line.startswith("{"):
            continue
        told = json.loads(line)
        if "eventName" in told:
            times = int(told["timeUnixNano"]), int(told["observedTimeUnixNano"])
            body = told["body"]["stringValue"]
            records.append(Record({}, "", told["eventName"], told["severityText"], body, values(told["attributes"]), *times))
            continue
        if "sum" in told:
            of, monotonic = told["sum"], "monotonic" if told["sum"]["isMonotonic"] else "not monotonic"
            what = ("Sum", {1: "delta", 2: "cumulative"}[of["aggregationTemporality"]], monotonic)
        else:
            of, what = told["gauge"], GAUGE
        for point in of["dataPoints"]:
            value = float(point["asDouble"]) if "asDouble" in point else None
            assert (value is None) == (point["flags"] == 1), point
            times = int(point["startTimeUnixNano"]), int(point["timeUnixNano"])
            points.append(Point("", told["name"], told["unit"], what, values(point["attributes"]), *times, value))
    return records, points


def values(attributes):
    return {one["key"]: plain(one["value"]) for one in attributes}


def plain(value):
    ((kind, of),) = value.items()
    if kind == "arrayValue":
        return tuple(plain(one) for one in of["values"])
    return {"stringValue": str, "intValue": int, "doubleValue": float, "boolValue": bool}[kind](of)
