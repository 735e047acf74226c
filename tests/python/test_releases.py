"""Releases as a partner's Python client makes, lists and reads them."""

import uuid

import grpc
import pytest

from test_doors import refused


@pytest.fixture(scope="module")
def releases(v1, channel):
    return v1.ReleaseServiceStub(channel)


def create(v1, releases, name, request_id=None):
    request = v1.CreateReleaseRequest(release_id=name, request_id=request_id or str(uuid.uuid4()))
    return releases.CreateRelease(request, timeout=10)


def test_a_release_is_read_by_its_name(v1, channel, releases, receipts):
    """The bundled data is OPEN, so the rule holds; what was submitted is what the release shows."""
    name = f"python-{uuid.uuid4().hex[:8]}"
    request_id = str(uuid.uuid4())
    made = create(v1, releases, name, request_id)
    assert (made.release.name, made.release.release_id) == (f"releases/{name}", name)
    assert made.release.reason == v1.RELEASE_REASON_OPERATOR and not made.replayed
    assert made.release.shown_position >= max(receipt.submission.position for receipt in receipts.values())
    again = create(v1, releases, name, request_id)
    assert again.replayed and again.release == made.release
    assert releases.GetRelease(v1.GetReleaseRequest(name=f"releases/{name}"), timeout=10).release == made.release
    assert made.release in releases.ListReleases(v1.ListReleasesRequest(page_size=1000), timeout=10).releases

    channels = v1.ConsultationChannelServiceStub(channel)
    query = {"area": "QK1", "period": v1.PeriodRange(first="2020-04"), "collection": "gpad-regional"}

    def ask(as_of):
        question = v1.GetChannelBreakdownRequest(query=v1.BreakdownQuery(as_of=as_of, **query))
        return channels.GetChannelBreakdown(question, timeout=10)

    released, then = ask(v1.AsOf(release=name)), ask(v1.AsOf(position=made.release.shown_position))
    assert released.breakdown.context.release == name and then.breakdown.context.release == ""
    assert released.breakdown.rows == then.breakdown.rows and released.position == then.position


def test_what_is_refused_says_why(v1, channel, releases, receipts):
    name = f"python-{uuid.uuid4().hex[:8]}"
    create(v1, releases, name)
    code, info, details = refused(lambda: create(v1, releases, name))
    assert (code, info.reason) == (grpc.StatusCode.ALREADY_EXISTS, "RELEASE_EXISTS")
    assert details["ResourceInfo"].resource_name == f"releases/{name}"
    code, info, details = refused(lambda: create(v1, releases, "Not A Name"))
    assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    assert [violation.field for violation in details["BadRequest"].field_violations] == ["release_id"]
    question = v1.GetChannelBreakdownRequest(query=v1.BreakdownQuery(
        area="QK1", period=v1.PeriodRange(first="2020-04"), as_of=v1.AsOf(release=name + "x")))
    channels = v1.ConsultationChannelServiceStub(channel)
    code, info, _ = refused(lambda: channels.GetChannelBreakdown(question, timeout=10))
    assert (code, info.reason) == (grpc.StatusCode.NOT_FOUND, "RELEASE_NOT_FOUND")
