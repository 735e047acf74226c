"""What a partner's tools find beside the questions: receipts, errors with details, health, reflection."""

import uuid

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

import conftest
import gpad

NAMES = ["Breakdown", "ConsultationChannel", "DigitalExclusion", "Export", "Reference", "Release", "Submission"]
SERVICES = [f"equity.v1.{name}Service" for name in NAMES]
# A month that the bundled data does not have, so that nothing here touches the oracle.
MONTH = "2021-07"  # outside the years that others ask for


@pytest.fixture
def some(v1, table):
    """Ten good records."""
    return gpad.records(v1, table.head(10))


def refused(call):
    """The error of a call: its code, its ErrorInfo, and its details by type."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    status = rpc_status.from_call(caught.value)
    assert status is not None, f"no details: {caught.value}"
    details = {}
    for packed in status.details:
        kind = packed.type_url.rsplit(".", 1)[1]
        assert kind not in details, f"{kind} twice"
        details[kind] = getattr(error_details_pb2, kind)()
        assert packed.Unpack(details[kind])
    assert details["ErrorInfo"].domain == "equity-indicators"
    return caught.value.code(), details["ErrorInfo"], details


def stands(v1, submissions):
    """Every submission of MONTH, withdrawn and replaced ones included."""
    request = v1.ListSubmissionsRequest(parent="collections/-", month=MONTH, include_past=True)
    return [s.name for s in submissions.ListSubmissions(request, timeout=10).submissions]


def test_receipts(receipts, table):
    assert len(receipts) == 66
    assert len({receipt.submission.position for receipt in receipts.values()}) == 66
    for (organisation, month), receipt in receipts.items():
        said = receipt.submission
        rows = table[(table["organisation"] == organisation) & (table["month"] == month)]
        assert (said.organisation, said.month, said.version) == (organisation, month, 1)
        assert (said.accepted_count, said.rejected_count, said.total_count) == (len(rows), 0, rows["count"].sum())
        assert len(said.content_hash) == 64 and not receipt.problems and not receipt.replayed


def test_the_same_request_again_is_the_same_submission(v1, submissions, some):
    header = gpad.header(v1, "04C", MONTH, request_id=str(uuid.uuid4()))
    first = submissions.SubmitConsultations(gpad.stream(v1, header, some), timeout=10).receipt
    again = submissions.SubmitConsultations(gpad.stream(v1, header, some, batch=3), timeout=10).receipt
    assert again.replayed and not first.replayed
    assert again.submission == first.submission
    code, info, _ = refused(lambda: submissions.SubmitConsultations(gpad.stream(v1, header, some[:-1]), timeout=10))
    assert (code, info.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    withdrawal = v1.WithdrawSubmissionRequest(name=first.submission.name, request_id=str(uuid.uuid4()))
    withdrawn = submissions.WithdrawSubmission(withdrawal, timeout=10)
    assert withdrawn.submission.state == v1.SubmissionState.Value("SUBMISSION_STATE_WITHDRAWN")
    assert withdrawn.withdraw_position > first.submission.position


def test_checking_only_stores_nothing(v1, submissions, some):
    before = stands(v1, submissions)
    header = gpad.header(v1, "04V", MONTH, validate_only=True)
    receipt = submissions.SubmitConsultations(gpad.stream(v1, header, some), timeout=10).receipt
    assert receipt.validated_only and not receipt.submission.name
    assert receipt.submission.accepted_count == 10
    assert stands(v1, submissions) == before


def test_a_bad_row_is_named_and_nothing_is_stored(v1, submissions, some):
    before = stands(v1, submissions)
    some[7].channel = "Carrier pigeon"
    stream = gpad.stream(v1, gpad.header(v1, "04V", MONTH), some, batch=4)
    code, info, details = refused(lambda: submissions.SubmitConsultations(stream, timeout=10))
    assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ROWS_INVALID")
    assert info.metadata["problem_count"] == "1"
    [violation] = details["BadRequest"].field_violations
    assert violation.field == "records[7].channel"
    assert "Carrier pigeon" in violation.description
    assert stands(v1, submissions) == before


def test_good_rows_are_taken_where_that_is_asked_for(v1, submissions, some):
    some[2].record_count = -5
    header = gpad.header(v1, "04V", MONTH, allow_partial=True)
    receipt = submissions.SubmitConsultations(gpad.stream(v1, header, some), timeout=10).receipt
    assert (receipt.submission.accepted_count, receipt.submission.rejected_count) == (9, 1)
    [problem] = receipt.problems
    assert (problem.row_index, problem.field) == (2, "record_count")


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"organisation": "ZZZ"}, "ORGANISATION_NOT_FOUND"),
        ({"collection": "no-such"}, "COLLECTION_NOT_FOUND"),
        ({"month": "2021-13"}, "FIELD_INVALID"),
        ({"request_id": "not a uuid"}, "FIELD_INVALID"),
        ({"expected_record_count": 11}, "RECORD_COUNT_MISMATCH"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_bad_headers(v1, submissions, some, change, reason):
    before = stands(v1, submissions)
    header = gpad.header(v1, "04V", MONTH)
    for field, value in change.items():
        setattr(header, field, value)
    _, info, details = refused(lambda: submissions.SubmitConsultations(gpad.stream(v1, header, some), timeout=10))
    assert info.reason == reason
    if reason == "FIELD_INVALID":
        [violation] = details["BadRequest"].field_violations
        assert violation.field.split(".")[-1] == next(iter(change))
    assert stands(v1, submissions) == before


def test_an_empty_stream(v1, submissions):
    stream = gpad.stream(v1, gpad.header(v1, "04V", MONTH), [])
    code, info, _ = refused(lambda: submissions.SubmitConsultations(stream, timeout=10))
    assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "SUBMISSION_EMPTY")


METHODS = ["ConsultationChannelService/GetChannelBreakdown", "ReferenceService/ListAreas", "SubmissionService/WithdrawSubmission"]


@pytest.mark.parametrize("method", METHODS)
def test_bytes_that_are_no_request(channel, method):
    call = channel.unary_unary(f"/equity.v1.{method}")
    code, info, details = refused(lambda: call(b"\xff\xff\xff", timeout=10))
    assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    [violation] = details["BadRequest"].field_violations
    assert violation.field == "request"


def test_bytes_in_a_stream_that_are_no_message(v1, channel, submissions):
    before = stands(v1, submissions)
    header = v1.SubmitConsultationsRequest(header=gpad.header(v1, "04V", MONTH)).SerializeToString()
    call = channel.stream_unary("/equity.v1.SubmissionService/SubmitConsultations")
    for messages in ([b"\xff\xff\xff"], [header, b"\xff\xff\xff"], [header, b"PK\x03\x04 a zip file"]):
        code, info, _ = refused(lambda messages=messages: call(iter(messages), timeout=10))
        assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    assert stands(v1, submissions) == before


def test_a_message_too_large_says_how_large_it_may_be(channel):
    call = channel.unary_unary("/equity.v1.ConsultationChannelService/GetChannelBreakdown")
    code, info, _ = refused(lambda: call(bytes((1 << 20) + 1), timeout=10))
    assert (code, info.reason) == (grpc.StatusCode.OUT_OF_RANGE, "MESSAGE_TOO_LARGE")
    assert info.metadata["limit"] == str(1 << 20)


def test_an_unknown_area_is_named(channels):
    code, info, _ = refused(lambda: channels("2020-04", area="ZZ9"))
    assert (code, info.reason) == (grpc.StatusCode.NOT_FOUND, "AREA_NOT_FOUND")


def test_an_unknown_dimension_names_the_nearest(channels):
    with pytest.raises(grpc.RpcError, match="ethnic_category"):
        channels("2020-04", by=["ethnic_categroy"])


def test_a_missing_period_is_a_field(v1, channel):
    stub = v1.ConsultationChannelServiceStub(channel)
    request = v1.GetChannelBreakdownRequest(query={"area": "QK1"})
    code, info, details = refused(lambda: stub.GetChannelBreakdown(request, timeout=10))
    assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    [violation] = details["BadRequest"].field_violations
    assert violation.field.startswith("query.period")


def doors(v1, channel, question, table, asked):
    """A question through the three doors: its own call, an export and a watch, and where each says that the field is."""
    of, (service, call) = question(table, **asked), conftest.TABLES[table]
    own = getattr(getattr(v1, f"{service}Stub")(channel), call)
    export = v1.ExportServiceStub(channel).ExportBreakdowns
    watch = v1.BreakdownServiceStub(channel).WatchBreakdown
    yield "", lambda: own(getattr(of, table), timeout=10)
    yield f"question.{table}.", lambda: next(export(v1.ExportBreakdownsRequest(question=of), timeout=10))
    yield f"question.{table}.", lambda: next(watch(v1.WatchBreakdownRequest(question=of), timeout=10))


WRONG = [("query.period.first", {"area": "QK1", "period": {"first": "2020-13"}}), ("query.area", {"period": {"first": "2020-04"}})]
APRIL = {"first": "2020-04"}
WRONG_OF_RISK = {
    "query.period": {"period": APRIL}, "query.organisations": {"area": "", "organisations": ["04C"]},
    "query.where": {"where": [{"dimension": "sex", "codes": ["1"]}]}, "query.care_setting": {"care_setting": "PRIMARY_CARE"},
    "query.confidence_level": {"confidence_level": 0.95}, "query.area_basis": {"area_basis": "AREA_BASIS_PROVIDER"},
    "query.area": {"area": ""}, "query.by": {"by": ["disability", "religion"]}, "score_collection": {"score_collection": "ons-mid-2020"},
    "query.collection": {"collection": gpad.COLLECTION}, "high_risk_score": {"high_risk_score": 11},
    "high_risk_top_share": {"high_risk_top_share": 1},
}
OF_TABLES = [(table, field, asked) for table in conftest.TABLES if table != "risk" for field, asked in WRONG]
OF_TABLES += [("risk", field, {"area": "QK1", **asked}) for field, asked in WRONG_OF_RISK.items()]
OF_TABLES += [(table, field, {"area": "QK1", "period": APRIL, **asked}) for table, field, asked in [
    ("provision", "request_met_days", {"request_met_days": -1}), ("exclusion", "query.care_setting", {"care_setting": "PRIMARY_CARE"}),
    ("exclusion", "estimate_collections", {"estimate_collections": [gpad.COLLECTION]}),
    # Found when the answer is made.
    ("channels", "include_rates", {"measure": "MEASURE_PERSONS", "include_rates": True}),
    ("channels", "population_collection", {"include_rates": True, "population_collection": gpad.COLLECTION}),
    ("provision", "access_collection", {"collection": "synthetic-llr", "access_collection": gpad.COLLECTION}),
    ("outcomes", "query.care_setting", {"care_setting": "NOWHERE"}), ("impact", "query.collection", {"collection": "ons-mid-2020"}),
]]


@pytest.mark.parametrize("of, field, asked", OF_TABLES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_field_is_named_by_its_path(v1, channel, question, receipts, of, field, asked):
    for path, call in doors(v1, channel, question, of, asked):
        code, info, details = refused(call)
        assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
        # Everything that is wrong comes at once.
        assert path + field in [violation.field for violation in details["BadRequest"].field_violations]


def test_a_question_that_is_not_there_is_named(v1, channel, question):
    export = v1.ExportServiceStub(channel).ExportBreakdowns
    watch = v1.BreakdownServiceStub(channel).WatchBreakdown
    past = question("impact", area="QK1", period=APRIL, as_of={"position": 1})
    for field, call in [
        ("question", lambda: next(export(v1.ExportBreakdownsRequest(), timeout=10))),
        ("question", lambda: next(watch(v1.WatchBreakdownRequest(question={}), timeout=10))),
        ("question.impact.query.as_of", lambda: next(watch(v1.WatchBreakdownRequest(question=past), timeout=10))),
    ]:
        _, info, details = refused(call)
        [violation] = details["BadRequest"].field_violations
        assert (info.reason, violation.field) == ("FIELD_INVALID", field)


def test_no_data_is_an_answer(v1, channels):
    context = channels("2018-01").context
    assert context.HasField("empty")
    assert context.empty.reason == v1.AbsenceReason.Value("ABSENCE_REASON_NO_DATA")


def test_health(channel):
    health = health_pb2_grpc.HealthStub(channel)
    for service in ["", *SERVICES]:
        answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, service
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(health_pb2.HealthCheckRequest(service="no.such"), timeout=10)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_reflection(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert set(SERVICES) <= set(database.get_services())
    file = database.FindFileContainingSymbol("equity.v1.SubmissionService")
    assert file.name == "equity/v1/submission_service.proto"


def test_a_tool_can_decode_the_details_of_errors(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    file = database.FindFileContainingSymbol("google.rpc.BadRequest")
    assert file.name == "google/rpc/error_details.proto"
    for imported in file.dependency:
        assert database.FindFileByName(imported).name == imported


def test_a_watch_of_a_service_that_is_not_there_stays_open(channel):
    watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="no.such"), timeout=1)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    with pytest.raises(grpc.RpcError) as ended:
        next(watch)
    assert ended.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED, "our own deadline ends it"


def test_messages_may_be_compressed(v1, address, some):
    with grpc.insecure_channel(address, compression=grpc.Compression.Gzip) as channel:
        header = gpad.header(v1, "04C", MONTH, validate_only=True)
        receipt = v1.SubmissionServiceStub(channel).SubmitConsultations(gpad.stream(v1, header, some), timeout=10).receipt
        assert receipt.submission.accepted_count == 10
        assert health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)


def test_a_unix_socket(v1, tmp_path):
    file = tmp_path / "equity.sock"
    with conftest.serving(f"unix:{file}", tmp_path):
        with conftest.channel_to(f"unix:{file}") as channel:
            tables = v1.ReferenceServiceStub(channel).ListTables(v1.ListTablesRequest(), timeout=10).tables
            assert len(tables) >= len(conftest.TABLES)
    assert not file.exists(), "a stopped service leaves no socket"


def reflection(channel, version):
    """The call of a version of reflection."""
    return channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_an_unknown_symbol_does_not_end_reflection(channel, version):
    call = reflection(channel, version)
    asked = ["no.Such", "equity.v1.SubmissionService"]
    unknown, known = call(iter([reflection_pb2.ServerReflectionRequest(file_containing_symbol=a) for a in asked]), timeout=10)
    assert unknown.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    assert len(known.file_descriptor_response.file_descriptor_proto) == 1


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_has_both_names(channel, version):
    # The two versions have the same messages on the wire.
    call = reflection(channel, version)
    [answer] = call(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=10)
    assert set(SERVICES) <= {service.name for service in answer.list_services_response.service}
