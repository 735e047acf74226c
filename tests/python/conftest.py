"""Stubs made in the run, a service started for the run, the bundled data submitted: as a partner would from Python."""

import contextlib
import importlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import types

import grpc
import grpc_tools
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_tools import protoc

import feed
import gpad
import recount

START_SECONDS, STOP_SECONDS, CALL_SECONDS = 30, 30, 60
BINARY = pathlib.Path(os.environ.get("EQUITY_TARGET", gpad.ROOT / "target")) / "release" / "equity"
SYNTHETIC = ["--rows", "6000", "--seed", "5", "--from", "2020-01", "--to", "2020-03"]
OPEN = [
    "internet_users_2012_2018.csv", "deri_depahri_lsoa11_llr.csv", "ethnic_group_6b_lsoa21_llr.csv.gz",
    "disability_lsoa21_llr.csv.gz", "religion_lsoa21_llr.csv.gz", "mid2020_population_single_year_lsoa11_llr.csv.gz",
]
FILES = [
    "audit",
    "audit_service",
    "breakdown",
    "breakdown_service",
    "comparison",
    "consultation_channel_service",
    "data_quality_service",
    "digital_exclusion",
    "digital_exclusion_service",
    "disclosure",
    "erasure",
    "erasure_service",
    "error_reason",
    "export",
    "export_service",
    "indicator_service",
    "inequality_service",
    "limits",
    "partner_telemetry",
    "partner_telemetry_service",
    "publication_service",
    "record",
    "reference",
    "reference_service",
    "release",
    "release_service",
    "service_info",
    "service_info_service",
    "submission",
    "submission_service",
    "target",
    "target_service",
]
# Every table, as `BreakdownQuestion` names it, and the call that returns it.
TABLES = {
    "channels": ("ConsultationChannelService", "GetChannelBreakdown"),
    "outcomes": ("ConsultationChannelService", "GetAccessOutcomes"),
    "exclusion": ("DigitalExclusionService", "GetDigitalExclusionBreakdown"),
    "provision": ("DigitalExclusionService", "GetFaceToFaceProvision"),
    "impact": ("DigitalExclusionService", "GetChannelImpact"),
    "risk": ("DigitalExclusionService", "GetAreaRisk"),
    "recording": ("DataQualityService", "GetRecordingQuality"),
    "timeliness": ("DataQualityService", "GetTimeliness"),
    "representativeness": ("DataQualityService", "GetRepresentativeness"),
    "consistency": ("DataQualityService", "GetConsistency"),
    "restoration": ("InequalityService", "GetRestoration"),
    "standardised_rates": ("InequalityService", "GetStandardisedRates"),
}


@pytest.fixture(scope="session")
def v1(tmp_path_factory):
    """The contract: every message, enum and stub under one name."""
    folder = tmp_path_factory.mktemp("stubs")
    protos = gpad.ROOT / "proto"
    sources = [str(p.relative_to(protos)) for part in ("equity/v1", "google") for p in (protos / part).rglob("*.proto")]
    well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{protos}", f"-I{well_known}", f"--python_out={folder}", f"--grpc_python_out={folder}"]
    assert protoc.main([*arguments, *sources]) == 0
    sys.path.insert(0, str(folder))
    names = types.SimpleNamespace(folder=folder)
    for file in FILES:
        suffixes = ["_pb2", "_pb2_grpc"] if file.endswith("_service") else ["_pb2"]
        for suffix in suffixes:
            module = importlib.import_module(f"equity.v1.{file}{suffix}")
            vars(names).update({n: v for n, v in vars(module).items() if n[0].isupper()})
    assert len(list((protos / "equity/v1").glob("*.proto"))) == len(FILES), "a file of the contract is not in FILES"
    return names


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_serving(channel, process, log):
    health = health_pb2_grpc.HealthStub(channel)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the service ended with {process.returncode}:\n{log.read_text()}"
        try:
            answer = health.Check(health_pb2.HealthCheckRequest(), timeout=1)
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                return
        except grpc.RpcError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"not serving after {START_SECONDS} s:\n{log.read_text()}")


def channel_to(address):
    """A channel without TLS. Of a Unix socket gRPC would send the path as authority, in a form that is no authority of HTTP."""
    return grpc.insecure_channel(address, options=[("grpc.default_authority", "localhost")] if address.startswith("unix:") else None)


@contextlib.contextmanager
def serving(address, folder, *options, channel=None):
    """A service on an empty data folder, which has to stop well. `channel` reaches it if it has TLS."""
    assert BINARY.is_file(), f"{BINARY} is missing: cargo build --release"
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [BINARY, "serve", "--address", address, "--data-folder", folder / "data", *options],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )
    try:
        with channel or channel_to(address) as reached:
            wait_until_serving(reached, process, log)
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0, f"no clean stop:\n{log.read_text()}"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(STOP_SECONDS)


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """Address of the service that all tests share."""
    address = f"127.0.0.1:{free_port()}"
    with serving(address, tmp_path_factory.mktemp("service")):
        yield address


@pytest.fixture(scope="session")
def equity():
    """The command line: `equity("submit", file)`; it has to end well."""

    def equity(*arguments):
        ended = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=300, check=False)
        assert ended.returncode == 0, ended.stderr

    return equity


@pytest.fixture(scope="session")
def channel(address):
    with grpc.insecure_channel(address) as channel:
        yield channel


@pytest.fixture(scope="session")
def submissions(v1, channel):
    return v1.SubmissionServiceStub(channel)


@pytest.fixture(scope="session")
def table():
    return gpad.table()


@pytest.fixture(scope="session")
def receipts(v1, submissions, table):
    """The bundled data, submitted: (organisation, month) to receipt."""
    receipts = {}
    for (organisation, month), rows in table.groupby(["organisation", "month"]):
        header = gpad.header(v1, organisation, month, expected_record_count=len(rows))
        messages = gpad.stream(v1, header, gpad.records(v1, rows))
        receipts[organisation, month] = submissions.SubmitConsultations(messages, timeout=CALL_SECONDS).receipt
    return receipts


@pytest.fixture(scope="session")
def question(v1):
    """A question to a table: `question("impact", area="QK1", by=["sex"], late_counts_as_missed=True)`."""
    words = v1.BreakdownQuery.DESCRIPTOR.fields_by_name

    def question(table, **asked):
        query = {name: asked.pop(name) for name in list(asked) if name in words}
        return v1.BreakdownQuestion(**{table: {"query": query, **asked}})

    return question


@pytest.fixture(scope="session")
def ask(v1, channel, question):
    """The answer to such a question."""

    def ask(table, **asked):
        service, call = TABLES[table]
        method = getattr(getattr(v1, f"{service}Stub")(channel), call)
        return method(getattr(question(table, **asked), table), timeout=CALL_SECONDS).breakdown

    return ask


@pytest.fixture(scope="session")
def channels(ask, receipts):
    """The table of channels over the bundled data: `channels("2019-03", by=["staff_type"])`."""

    def channels(first, last="", **asked):
        return ask("channels", **{"area": "QK1", "period": {"first": first, "last": last}, **asked})

    return channels


@pytest.fixture(scope="session")
def published(address, equity):
    """The open files about digital exclusion, submitted by the command line."""
    for file in OPEN:
        equity("submit", gpad.DEMO / file, "--service", f"http://{address}")


@pytest.fixture(scope="session")
def synthetic(address, equity, tmp_path_factory):
    """The synthetic set, submitted by the command line: dataset to its rows as they were written."""
    folder = tmp_path_factory.mktemp("synthetic")
    rows = {}
    for dataset in ("access", "consultations"):
        file = folder / f"{dataset}.csv"
        equity("generate", *SYNTHETIC, "--dataset", dataset, "--out", file)
        equity("submit", file, "--service", f"http://{address}")
        rows[dataset] = recount.read(file)
    return rows


@pytest.fixture(scope="session")
def practices(address, equity, tmp_path_factory):
    """The feed of the practices, the same way."""
    files = feed.write(tmp_path_factory.mktemp("practices"))
    for file in files.values():
        equity("submit", file, "--service", f"http://{address}")
    return {dataset: recount.read(file) for dataset, file in files.items()}
