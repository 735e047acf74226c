"""Whether people who need face to face get it: groups, indicators and where needs are known from, recounted record by record."""

import copy

import pandas as pd
import pytest

import feed
import recount
from recount import NO, NOT_COLLECTED, YES, answer, combined, missing, said, then


@pytest.fixture(scope="module", params=feed.SETS)
def asked(v1, channel, request):
    """A set of consultations, and how to ask about it."""
    rows, about = request.getfixturevalue(request.param), feed.SETS[request.param]
    stub = v1.DigitalExclusionServiceStub(channel)

    def provision(**query):
        request = v1.GetFaceToFaceProvisionRequest(query={**about, **query})
        return stub.GetFaceToFaceProvision(request, timeout=60).provision

    return Consultations(rows), provision


def either(one, other):
    """Yes if either is; no only if both are known to be no."""
    return YES if YES in (one, other) else NO if one == other == NO else missing(one, other)


class Consultations:
    """Consultations, the groups that each is of, and what each says to every indicator."""

    def __init__(self, rows):
        frame = rows["consultations"]
        self.frame = frame
        self.access = recount.access(frame, rows["access"])
        status, needs = self.access["status"], {name: said(frame, name) for name in ("interpreter_needed", "accessible_need")}
        flag = {name: answer(said(frame, name), ["Y"]) for name in frame if name.startswith(("face_to", "interpreter_", "accessible_"))}
        self.mode = answer(said(frame, "channel").map(recount.mode), ["IN_PERSON"], ["IN_PERSON", "REMOTE"])
        prefers = answer(said(frame, "preferred_channel").map(recount.mode), ["IN_PERSON"], ["IN_PERSON", "REMOTE"])
        self.groups = {
            "UNABLE": status == "UNABLE", "WITH_HELP": status == "WITH_HELP",
            "INTERPRETER_NEEDED": needs["interpreter_needed"] == "Y", "ACCESSIBLE_NEED": needs["accessible_need"] == "Y",
        }
        self.groups["ANY_NEED"] = pd.concat(self.groups.values(), axis=1).any(axis=1)
        self.groups |= {"NO_NEED": ~self.groups["ANY_NEED"], "ALL": pd.Series(True, frame.index)}
        self.indicators = {
            # Where nobody collects offers, none counts: what is missing would depend on what was given.
            "CH-05": combined(
                lambda here, offered: NOT_COLLECTED if offered == NOT_COLLECTED else either(here, offered),
                self.mode, flag["face_to_face_offered"],
            ),
            "CH-06": then(self.mode, flag["face_to_face_requested"]),
            "CH-08": combined(
                lambda wish, here: (YES if (wish, here) == (YES, NO) else NO) if {wish, here} <= {YES, NO} else missing(wish, here),
                prefers, self.mode,
            ),
            "CH-13": then(flag["interpreter_present"], flag["interpreter_needed"]),
            "CH-14": then(flag["accessible_need_met"], flag["accessible_need"]),
        }
        self.dimensions = {
            "sex": said(frame, "sex"), "organisation": frame["organisation"], "month": frame["month"], "digital_access": status,
        }
        if "disability" in frame:
            self.dimensions["disability"] = recount.said_of_several(frame, "disability")

    def where(self, holds):
        """Some of them."""
        some = copy.copy(self)
        some.frame = self.frame[holds]
        return some

    def keys(self, by):
        keys = recount.with_total(self.mode.index, recount.keys(*(self.dimensions[name] for name in by)))
        return keys[keys.index.isin(self.frame.index)]


def assert_groups(rows, consultations, by):
    rows, keys = recount.by_key(rows), consultations.keys(by)
    assert set(rows) == set(keys)
    for name, member in consultations.groups.items():
        own = keys[member.loc[keys.index].to_numpy()]
        contacts, modes = own.value_counts().to_dict(), recount.tallies(own, consultations.mode)
        expected = {of: recount.tallies(own, answers) for of, answers in consultations.indicators.items()}
        for key, row in rows.items():
            [group] = [group for group in row.groups if group.group == name]
            in_person, known, *_ = modes.get(key, (0, 0))
            assert (group.contact_count, group.in_person_count) == (contacts.get(key, 0), in_person), (key, name)
            assert group.remote_count == known - in_person, (key, name)
            cells = {cell.indicator.replace("CH-07", "CH-05"): cell for cell in group.indicators}
            assert set(cells) == set(expected)
            for indicator, tallies in expected.items():
                part, whole, *others = tallies.get(key, (0, 0, 0, 0))
                assert recount.four(cells[indicator]) == (part, whole, *others), (key, name, indicator)
                assert cells[indicator].HasField("share") == (whole > 0) != cells[indicator].HasField("absence")
                if whole:
                    recount.close(cells[indicator].share, recount.wilson(part, whole))


BY = [[], ["sex"], ["organisation"], ["month"], ["digital_access"], ["organisation", "sex"], ["digital_access", "month"]]


@pytest.mark.parametrize("by", BY, ids=" by ".join)
def test_groups_and_their_indicators(asked, by):
    consultations, provision = asked
    answer = provision(by=by)
    assert_groups(answer.rows, consultations, by)
    known = consultations.access["source"].value_counts().to_dict()
    found = answer.sources
    assert {"RECORD": found.record_count, "SNAPSHOT": found.snapshot_count, "UNKNOWN": found.unknown_count} == known
    assert min(known.values()) > 100


def test_some_consultations_only(asked):
    consultations, provision = asked
    organisation = consultations.frame["organisation"].value_counts().index[0]
    own = consultations.where(consultations.frame["organisation"] == organisation)
    assert_groups(provision(area="", organisations=[organisation], by=["sex"]).rows, own, ["sex"])
    # Whether somebody can is asked of the person, whoever says it.
    unable = consultations.where(consultations.dimensions["digital_access"] == "UNABLE")
    where = [{"dimension": "digital_access", "codes": ["UNABLE"]}]
    assert_groups(provision(where=where, by=["sex"]).rows, unable, ["sex"])


def test_every_kind_of_disability_counts_for_itself(v1, channel, synthetic):
    request = v1.GetFaceToFaceProvisionRequest(query={**feed.SETS["synthetic"], "by": ["disability", "sex"]})
    found = v1.DigitalExclusionServiceStub(channel).GetFaceToFaceProvision(request, timeout=60).provision
    assert_groups(found.rows, Consultations(synthetic), ["disability", "sex"])


def test_the_feed_has_something_of_everything_to_be_wrong_about(practices):
    consultations = Consultations(practices)
    everybody = pd.Series([()] * len(consultations.frame), consultations.frame.index)
    for indicator, answers in consultations.indicators.items():
        part, whole, unknown, never = recount.tallies(everybody, answers)[()]
        assert 0 < part < whole and unknown > 20 < never, indicator
