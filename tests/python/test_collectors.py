"""What partners are sent, as real collectors read it: over gRPC with gzip, over HTTP with gzip, and over HTTP without.

Three partners have the same subscription. Each field of each kind of event is compared between collectors that read it for themselves, with
the tables of the guide, and with the answers to the same partner.
"""

import collections
import csv
import re
import subprocess
import time

import grpc
import pytest

import collectors
import gpad
from conftest import BINARY, CALL_SECONDS, free_port, serving

WAIT_SECONDS = 60
# All of the demo; and from its last submission to the first figure in the collector.
DEMO_SECONDS, ARRIVAL_SECONDS = 120, 10
# The submissions of the story make fewer records for each partner than so many, and more with the release.
WITH_THE_RELEASE = 5000
COLLECTION, MONTH = "synthetic-llr", "2020-06"
PARTNERS = {"alpha": "C82001/emis", "beta": "C82002/systmone", "gamma": "C82003/emis"}
SUBSCRIPTION = """
[partners.{name}]
organisation = "{organisation}"
systems = ["{system}"]
submit_for = ["*"]
roles = ["admin"]
read = {{ profile = "PARTNER", areas = ["*"], datasets = ["*"], indicators = ["*"] }}
[partners.{name}.telemetry]
endpoint = "http://127.0.0.1:{port}"
protocol = "{protocol}"
gzip = {gzip}
allow_addresses = ["127.0.0.0/8"]
areas = ["QK1"]
characteristics = ["sex"]
"""
PREFIX = "nhs.equity."
SCOPE = "uk.nhs.equity.indicators 1"
# Of a record, in each stream on its own.
OWN = {f"{PREFIX}event.id", f"{PREFIX}sequence"}
GUIDE = (gpad.ROOT / "deploy/guides/telemetry.md").read_text()


def documented(heading, end):
    """The names in backticks of a part of the guide."""
    part = GUIDE.split(heading, 1)[1].split(end, 1)[0]
    return {name for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)`", part)}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A service with three partners and their collectors, and a story that has every kind of event: partner to what its collector read."""
    folder = tmp_path_factory.mktemp("collectors")
    ports = {"alpha": free_port(), "beta": free_port(), "gamma": free_port()}
    certs = folder / "certs"
    named = [option for name, of in PARTNERS.items() for option in ("--partner", f"{name}={of}")]
    run("certs", "dev", certs, *named)
    text = 'trust_domain = "equity.example"\n'
    for name, of in PARTNERS.items():
        organisation, system = of.split("/")
        text += SUBSCRIPTION.format(name=name, organisation=organisation, system=system, port=ports[name],
                                    protocol="grpc" if name == "alpha" else "http", gzip=str(name != "gamma").lower())
    (certs / "partners.toml").write_text(text)
    address = f"localhost:{free_port()}"
    printed, tapped = folder / "rotel.out", folder / "oteltap.out"
    with collectors.rotel(ports["alpha"], ports["beta"], printed), collectors.oteltap(ports["gamma"], tapped):
        with serving(address.replace("localhost", "127.0.0.1"), folder, "--config", certs / "equity.toml", channel=secure(certs, address)):
            story(folder, certs, address)
            yield until_all_is_there(printed, tapped), certs, address


def secure(certs, address, name="alpha"):
    files = [(certs / file).read_bytes() for file in ("ca.crt", f"{name}.key", f"{name}.crt")]
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(*files))


def run(*arguments, fails=False):
    ended = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert (ended.returncode != 0) == fails, ended.stderr
    return ended.stdout


def story(folder, certs, address):
    def equity(name, *arguments, fails=False):
        reach = ("--service", f"https://{address}", "--ca", certs / "ca.crt", "--cert", certs / f"{name}.crt", "--key", certs / f"{name}.key")
        return run(*arguments, *reach, fails=fails)

    for dataset in ("consultations", "access", "indicators"):
        file = folder / f"{dataset}.csv"
        run("generate", "--rows", "10000", "--seed", "5", "--from", MONTH, "--to", MONTH, "--dataset", dataset, "--out", file)
        equity("alpha", "submit", file)
    with (folder / "consultations.csv").open() as lines:
        rows = csv.DictReader(lines)
        row = next(rows) | {"sex": "SECRET"}
    wrong = folder / "wrong.csv"
    with wrong.open("w") as lines:
        out = csv.DictWriter(lines, rows.fieldnames)
        out.writeheader()
        out.writerow(row)
    for name in PARTNERS:
        equity(name, "submit", wrong, "--replace", fails=True)
    equity("alpha", "releases", "create", "first")
    after = {name: settled(equity, name, least=WITH_THE_RELEASE) for name in PARTNERS}
    # Practice alpha takes back what it sent: it has no figures of its own any more.
    own = f"collections/{COLLECTION}/organisations/C82001/datasets/consultations/months/{MONTH}/versions/1"
    equity("alpha", "submissions", "withdraw", own)
    equity("alpha", "releases", "create", "second")
    for name in PARTNERS:
        settled(equity, name, least=after[name] + 1)
        equity(name, "partners", "delivery", "pause", name, "--signal", "logs")
    with (folder / "consultations.csv").open() as lines:
        once = [line for number, line in enumerate(lines) if number == 0 or line.startswith("C82001,")]
    changed = folder / "changed.csv"
    changed.write_text("".join(once[:-1]))
    equity("alpha", "submit", changed, "--replace")
    for name in PARTNERS:
        settled(equity, name, stops=True)
        equity(name, "partners", "delivery", "purge", name, "--signal", "logs", "--yes")
        equity(name, "partners", "delivery", "resume", name)
        equity(name, "partners", "delivery", "replay", name, "--first", "1", "--last", "1")


def settled(equity, name, stops=False, least=0):
    """Waits until a partner's stream of records has come to its end, at least that far, or until something waits in it."""
    deadline = time.monotonic() + WAIT_SECONDS
    last = None
    while time.monotonic() < deadline:
        rows = csv.DictReader(equity(name, "partners", "delivery", "status", name, "--format", "csv").splitlines())
        (logs,) = [row for row in rows if row["signal"] == "LOGS"]
        newest, done = int(logs["newest_sequence"]), int(logs["settled_sequence"])
        if stops and newest > done:
            return newest
        if not stops and least <= newest == done and (newest, done) == last:
            return newest
        last = (newest, done)
        time.sleep(1)
    raise AssertionError(f"{name}: {last}")


def until_all_is_there(printed, tapped):
    deadline, last = time.monotonic() + WAIT_SECONDS, []
    while time.monotonic() < deadline:
        # A collector prints later than it takes: all is there when nothing more comes for three seconds.
        time.sleep(3)
        records, points = collectors.said_by_rotel(printed)
        own = {name: [record for record in records if record.resource[f"{PREFIX}recipient.partner"] == name] for name in ("alpha", "beta")}
        found = {name: (of, points) for name, of in own.items()} | {"gamma": collectors.said_by_oteltap(tapped)}
        replayed = [any(f"{PREFIX}delivery.replay" in record.attributes for record in of) for of, _ in found.values()]
        gaps = [any(record.event == f"{PREFIX}delivery.gap" for record in of) for of, _ in found.values()]
        counts = [len(of) for of, _ in found.values()]
        if all(replayed) and all(gaps) and counts == last:
            return found
        last = counts
    raise AssertionError(f"after {WAIT_SECONDS} s: {replayed}, {gaps}")


def test_every_kind_of_event_arrives_with_the_severity_of_the_guide(told):
    table = GUIDE.split("| event name", 1)[1].split("\n\n", 1)[0]
    expected = dict(re.findall(r"\| `([a-z_.]+)` \|.*\| (INFO|WARN) \|", table))
    assert len(expected) == 7
    for name, (records, _) in told[0].items():
        assert {(record.event.removeprefix(PREFIX), record.severity) for record in records} == set(expected.items()), name


def test_records_are_numbered_and_have_ids_of_their_own(told):
    for name, (records, _) in told[0].items():
        new = [record for record in records if f"{PREFIX}delivery.replay" not in record.attributes]
        numbers = [record.attributes[f"{PREFIX}sequence"] for record in new]
        assert len({record.attributes[f"{PREFIX}event.id"] for record in new}) == len(new)
        (gap,) = [record for record in new if record.event == f"{PREFIX}delivery.gap"]
        lost = range(gap.attributes[f"{PREFIX}gap.first_sequence"], gap.attributes[f"{PREFIX}gap.last_sequence"] + 1)
        assert numbers == [number for number in range(1, max(numbers) + 1) if number not in lost], name
        assert gap.attributes[f"{PREFIX}gap.reason"] == "PURGED"
        (again,) = [record for record in records if record not in new]
        number = max(numbers) + 1
        first = new[0].attributes | {f"{PREFIX}delivery.replay": True, f"{PREFIX}sequence": number}
        assert (again.event, again.attributes) == (new[0].event, first)


def test_collectors_read_the_same_fields(told):
    def fields(records):
        """Everything but what is of each stream alone: a refusal has the id of the partner's own request."""
        left_out = OWN | {f"{PREFIX}submission.request_id"}
        rest = (record for record in records if not record.event.endswith(("delivery.gap", "submission.rejected")))
        rest = (record for record in rest if f"{PREFIX}organisations" not in record.attributes)
        return collections.Counter(
            (record.event, record.severity, record.body, record.time, record.observed, tuple(sorted((key, value) for key, value in record.attributes.items() if key not in left_out)))
            for record in rest
        )

    found = {name: fields(records) for name, (records, _) in told[0].items()}
    assert sum(found["alpha"].values()) > 1000
    assert found["alpha"] == found["beta"] == found["gamma"]


def test_fields_of_each_kind_are_those_of_the_guide_and_all_of_them_occur(told):
    every = documented("Attributes of every record", "Attributes of each kind")
    table = GUIDE.split("Attributes of each kind", 1)[1].split("\n\n", 2)[1]
    kinds = {}
    for line in table.splitlines()[2:]:
        kind, fields, *_ = (re.findall(r"`([a-z_.]+)`", part) for part in line.strip("|").split("|"))
        kinds[kind[0]] = set(fields)
    assert len(kinds) == 7
    # Whether a practice has gaps of its own depends on its data.
    seldom = {"gap.alert": {"organisations"}}
    for name, (records, _) in told[0].items():
        found = collections.defaultdict(set)
        for record in records:
            assert all(key.startswith(PREFIX) for key in record.attributes)
            found[record.event.removeprefix(PREFIX)] |= {key.removeprefix(PREFIX) for key in record.attributes} - every
        assert found.keys() == kinds.keys(), name
        for kind, fields in kinds.items():
            assert found[kind] <= fields, f"{name}, {kind}: not in the guide: {found[kind] - fields}"
            missing = fields - found[kind] - seldom.get(kind, set())
            assert not missing, f"{name}, {kind}: in the guide, and never sent: {missing}"
        assert every == {key.removeprefix(PREFIX) for record in records for key in record.attributes} & every


def test_records_have_a_time_a_scope_and_the_resource_of_the_guide(told):
    resource = {"service.name": "equity-indicators", "service.namespace": "uk.nhs.equity"}
    for name, (records, _) in told[0].items():
        for record in records:
            assert 0 < record.time == record.observed < time.time_ns(), (name, record)
    for name in ("alpha", "beta"):
        for record in told[0][name][0]:
            assert record.scope == SCOPE
            assert resource.items() <= record.resource.items()
            assert record.resource["service.version"] and record.resource["service.instance.id"]
            assert record.resource[f"{PREFIX}recipient.ods_code"] == PARTNERS[name].split("/")[0]


def test_metrics_are_those_of_the_guide(told):
    table = GUIDE.split("| metric (", 1)[1].split("\n\n", 1)[0]
    units = {}
    for line in table.splitlines()[2:]:
        metrics, kind, unit, *_ = [part.strip() for part in line.strip("|").split("|")]
        metrics, unit = re.findall(r"`([^`]+)`", metrics), re.findall(r"`([^`]+)`", unit)
        kind = collectors.SUM if "sum" in kind else collectors.GAUGE
        units |= {metric: (of, kind) for metric, of in zip(metrics, unit * len(metrics) if len(unit) == 1 else unit)}
    for name, (_, points) in told[0].items():
        assert points
        for point in points:
            assert (point.unit, point.kind) == units[point.name.removeprefix(PREFIX)]
            assert point.scope == ("" if name == "gamma" else SCOPE)
            is_sum = point.kind == collectors.SUM
            assert (0 < point.start < point.time) if is_sum else (point.start == 0 < point.time), point
            assert point.value is not None or not is_sum, point


def test_a_figure_that_was_taken_back_is_told_and_its_series_ends(told):
    records, points = told[0]["alpha"]
    own = [record for record in records if record.attributes.get(f"{PREFIX}organisations") == ("C82001",)]
    first, second = ([record for record in own if record.attributes.get(f"{PREFIX}release") == release] for release in ("first", "second"))
    gone = [record for record in second if record.attributes[f"{PREFIX}state"] in ("WITHDRAWN", "NO_DATA")]
    assert first and gone
    assert not any(f"{PREFIX}value" in record.attributes for record in gone)
    of_own = [point for point in points if point.attributes.get(f"{PREFIX}organisations") == ("C82001",)]
    series = {}
    for point in sorted(of_own, key=lambda point: point.time):
        series[point.name, tuple(sorted(point.attributes.items()))] = point.value
    table = f"{PREFIX}table"
    ended = {dict(key[1])[table] for key, value in series.items() if value is None}
    alive = {dict(key[1])[table] for key, value in series.items() if value is not None}
    assert {"CHANNELS", "OUTCOMES"} <= ended and not ended & alive, (ended, alive)


def test_figures_are_those_of_the_partners_answers(v1, told):
    found, certs, address = told
    with secure(certs, address) as channel:
        ask = v1.ConsultationChannelServiceStub(channel).GetChannelBreakdown
        query = {"area": "QK1", "collection": COLLECTION, "period": {"first": MONTH}, "as_of": {"release": "first"}, "by": ["sex"]}
        answer = ask(v1.GetChannelBreakdownRequest(query=query, measure="MEASURE_ATTENDED_CONTACTS"), timeout=CALL_SECONDS).breakdown
    expected = {}
    for row in answer.rows:
        for column, cell in zip(answer.columns, row.cells):
            expected[row.keys[0].code if row.keys else None, column.id] = cell
    seen = set()
    for record in found["gamma"][0]:
        of = {key.removeprefix(PREFIX): value for key, value in record.attributes.items()}
        if record.event != f"{PREFIX}indicator.revised" or (of["table"], of["collection"], of["release"]) != ("CHANNELS", COLLECTION, "first"):
            continue
        if "organisations" in of:
            continue
        key = (of.get("category"), of["column"])
        cell = expected[key]
        seen.add(key)
        counts = {"numerator": cell.numerator_count, "denominator": cell.denominator_count} if of["state"] == "PUBLISHED" else {}
        numbers = {"value": cell.value, "lower": cell.lower, "upper": cell.upper}
        for name, value in (counts | numbers).items():
            assert of.get(name, 0) == pytest.approx(value, abs=1e-12), (key, name)
        assert (of["period.start"], of["period.end"], of["area.code"]) == ("2020-06-01", "2020-06-30", "QK1")
    assert len(seen) > 10


def test_refusals_go_to_their_sender_and_name_no_value(told):
    for records, _ in told[0].values():
        (refused,) = [record for record in records if record.event == f"{PREFIX}submission.rejected"]
        assert refused.attributes[f"{PREFIX}problem.fields"] == ("person.sex",)
        assert refused.attributes[f"{PREFIX}problem.by_code"] == ("person.sex/UNKNOWN=1",)
        assert "SECRET" not in str(refused)


def test_the_demo_shows_figures_in_a_collector_seconds_after_a_submission(tmp_path):
    port, other, printed = free_port(), free_port(), tmp_path / "rotel.out"
    demo = [BINARY, "demo", "--rows", "2000", "--address", "127.0.0.1:0", "--data-folder", tmp_path / "data", "--partner", f"http://127.0.0.1:{port}"]
    with collectors.rotel(port, other, printed), collectors.running(demo, [], tmp_path / "demo.out"):
        deadline = time.monotonic() + DEMO_SECONDS
        while f"EventName: {PREFIX}indicator.revised" not in printed.read_text():
            assert time.monotonic() < deadline, (tmp_path / "demo.out").read_text()
            time.sleep(0.2)
        arrived = time.time_ns()
        time.sleep(1)
    records, _ = collectors.said_by_rotel(printed)
    stored = max(record.time for record in records if record.event == f"{PREFIX}submission.accepted")
    first = next(record for record in records if record.event == f"{PREFIX}indicator.revised")
    assert first.attributes[f"{PREFIX}release"] == "demo"
    assert stored <= first.time < arrived < stored + ARRIVAL_SECONDS * 10**9, (arrived - stored) / 10**9
