"""Whether people who need face to face get it: groups, indicators and where needs are known from, recounted record by record."""

import copy

import pandas as pd
import pytest

import feed
import recount
from recount import NO, NOT_ASKED, NOT_COLLECTED, UNKNOWN, YES, answer, combined, given, said

# Columns of where each need is known from.
SOURCES = {"digital_access": "ACCESS_STATUS", "interpreter_needed": "INTERPRETER_NEEDED", "accessible_need": "ACCESSIBLE_NEED"}
PLACES = ["RECORD", "SNAPSHOT", "NOT_KNOWN"]
FLAGS = ["face_to_face_offered", "face_to_face_requested", "interpreter_present", "accessible_need_met"]
# What became of an appointment that its provider did not cancel.
BECAME = [
    "ATTENDED", "ATTENDED_ON_TIME", "ATTENDED_LATE", "MISSED", "DID_NOT_ATTEND", "ARRIVED_TOO_LATE", "CANCELLED_BY_PERSON", "FUTURE",
]


@pytest.fixture(scope="module", params=feed.SETS)
def asked(ask, request):
    """A set of consultations, and how to ask about it."""
    rows, about = request.getfixturevalue(request.param), feed.SETS[request.param]

    def provision(days=0, **query):
        return ask("provision", **{**about, **query}, request_met_days=days)

    return Consultations(rows), provision


def need(codes, yes, known):
    """Whether there is a need: one that does not apply is none, one that nobody assessed is not known."""
    found = answer(codes, yes, known)
    return found.where(found != NOT_ASKED, codes.map(lambda code: NO if code == "NOT_APPLICABLE" else UNKNOWN))


class Consultations:
    """Consultations, whether each is of a person of a group, and what it says to every indicator."""

    def __init__(self, rows):
        frame = rows["consultations"]
        self.frame = frame
        self.needs = {name: recount.needed(frame, rows["access"], name) for name in recount.NEEDS}
        status, interpreter, accessible = (one["status"] for one in self.needs.values())
        self.groups = {
            "UNABLE": need(status, ["UNABLE"], recount.ASSESSED),
            "WITH_HELP": need(status, ["WITH_HELP"], recount.ASSESSED),
            "INTERPRETER_NEEDED": need(interpreter, ["Y"], ["Y", "N"]),
            "ACCESSIBLE_NEED": need(accessible, ["Y"], ["Y", "N"]),
        }
        some = combined(recount.either, *self.groups.values())
        self.groups |= {
            "ANY_NEED": some, "NO_NEED": some.map(recount.negated),
            "NEED_NOT_KNOWN": some.map(lambda known: NO if known in (YES, NO) else YES), "ALL": pd.Series(YES, frame.index),
        }
        self.mode = answer(said(frame, "channel").map(recount.mode), ["IN_PERSON"], ["IN_PERSON", "REMOTE"])
        self.prefers = answer(said(frame, "preferred_channel").map(recount.mode), ["IN_PERSON"], ["IN_PERSON", "REMOTE"])
        self.flags = {name: answer(said(frame, name), ["Y"]) for name in FLAGS}
        attendance = said(frame, "attendance")
        # What cannot be cancelled was kept.
        self.kept = answer(attendance, BECAME, [*BECAME, "CANCELLED_BY_PROVIDER"]).replace(NOT_ASKED, YES)
        self.days = recount.waits(frame)
        self.dimensions = {
            "sex": said(frame, "sex"), "organisation": frame["organisation"], "month": frame["month"], "digital_access": status,
            "interpreter_needed": interpreter,
        }
        if "disability" in frame:
            self.dimensions["disability"] = recount.said_of_several(frame, "disability")

    def indicators(self, days=14):
        """Answers to each indicator, whoever is asked."""

        def was_given(open_is):
            """Counted is of whom the channel and what became of it are known, or the offer; what one of them leaves open is `open_is`."""

            def of(here, kept, offered):
                known = {YES, NO}
                if here == NOT_ASKED:
                    return NOT_ASKED
                if not ({here, kept} <= known or offered in known):
                    told = UNKNOWN == offered or NOT_COLLECTED not in (here, kept)
                    return UNKNOWN if told else NOT_COLLECTED
                if offered == YES or here == kept == YES:
                    return YES
                return NO if NO in (here, kept) and offered in (NO, NOT_ASKED) else open_is

            return combined(of, self.mode, self.kept, self.flags["face_to_face_offered"])

        def soon(wait):
            if wait in recount.STATES:
                return NOT_COLLECTED if wait == "NOT_COLLECTED" else NOT_ASKED if wait == "NOT_APPLICABLE" else UNKNOWN
            shortest, longest = wait
            return YES if longest <= days else NO if shortest > days else UNKNOWN

        met = combined(recount.both, self.mode, self.kept, self.days.map(soon))
        return {
            "CH-05": was_given(NO), "CH-05-HIGHEST": was_given(YES),
            "CH-06": given(met, self.flags["face_to_face_requested"]),
            "CH-08": combined(recount.both, self.prefers, self.mode.map(recount.negated)),
            "CH-13": given(self.flags["interpreter_present"], self.groups["INTERPRETER_NEEDED"]),
            "CH-14": given(self.flags["accessible_need_met"], self.groups["ACCESSIBLE_NEED"]),
        }

    def where(self, holds):
        """Some of them."""
        some = copy.copy(self)
        some.frame = self.frame[holds]
        return some

    def keys(self, by):
        keys = recount.with_total(self.mode.index, recount.keys(*(self.dimensions[name] for name in by)))
        return keys[keys.index.isin(self.frame.index)]


def among(answers, members, group):
    """Answers of the people of a group; where it is not known whether they are of it, neither is the answer."""
    asked = given(answers, members)
    # Who has no need is not asked whether it was met.
    return asked.map(lambda _: NOT_ASKED) if group == "NO_NEED" and answers.name in ("CH-13", "CH-14") else asked


def assert_groups(breakdown, consultations, by, days=14):
    assert {one.name: one.value for one in breakdown.context.parameters}["request_met_days"] == str(days)
    rows, keys = recount.cells(breakdown), consultations.keys(by)
    assert set(rows) == set(keys)
    ids = {f"{need}/{place}" for need in SOURCES.values() for place in PLACES}
    indicators = consultations.indicators(days)
    for name, members in consultations.groups.items():
        of_group = recount.tallies(keys, members)
        seen = recount.tallies(keys, given(consultations.mode, members.where(members == YES, NO)))
        expected = {of: recount.tallies(keys, among(answers.rename(of), members, name)) for of, answers in indicators.items()}
        of = "" if name == "ALL" else f"/{name}"
        main = "CH-05" if name in ("NO_NEED", "NEED_NOT_KNOWN", "ALL") else "CH-07"
        shares = {indicator.replace("CH-05", main) + of: tallies for indicator, tallies in expected.items()}
        ids |= {*shares, *(f"{count}{of}" for count in ("CONTACTS", "IN_PERSON", "REMOTE"))}
        for key, row in rows.items():
            counted, known, unknown, never, _ = of_group[key]
            in_person, either, *_ = seen[key]
            nobody_knows = known == 0 < unknown + never
            for count, number in [("CONTACTS", counted), ("IN_PERSON", in_person), ("REMOTE", either - in_person)]:
                cell, number = row[count + of], None if nobody_knows else number
                # Of a mode there is a count alone.
                others = (None, unknown, never) if count == "CONTACTS" else (None, None, None)
                assert recount.counts(cell)[:4] == (number, *others), (key, name, count)
                recount.assert_figure(cell, () if nobody_knows else (number,), (key, name, count))
            for id, tallies in shares.items():
                recount.assert_share(row[id], tallies[key], (key, id))
    assert {column.id for column in breakdown.columns} == ids
    for name, need in SOURCES.items():
        told = pd.DataFrame({"key": keys, "place": consultations.needs[name]["source"].loc[keys.index].array}).value_counts()
        for key, row in rows.items():
            for place in PLACES:
                recount.assert_count(row[f"{need}/{place}"], told.get((key, place), 0), (key, need, place))


BY = [[], ["sex"], ["organisation"], ["month"], ["digital_access"], ["organisation", "sex"], ["digital_access", "interpreter_needed"]]


@pytest.mark.parametrize("by", BY, ids=" by ".join)
def test_groups_and_their_indicators(asked, by):
    consultations, provision = asked
    found = provision(by=by)
    assert_groups(found, consultations, by)
    total = recount.cells(found)[()]
    assert all(total[f"{need}/{place}"].numerator_count > 10 for need in SOURCES.values() for place in PLACES)


def test_people_known_not_to_be_of_a_group_are_outside(asked):
    consultations, provision = asked
    rows, keys = recount.cells(provision(by=["sex"])), consultations.keys(["sex"])
    for name, members in consultations.groups.items():
        of_group = recount.tallies(keys, members)
        found = {key: row["CONTACTS" + ("" if name == "ALL" else f"/{name}")].outside_count for key, row in rows.items()}
        assert found == {key: known - counted for key, (counted, known, *_) in of_group.items()}, name


@pytest.mark.parametrize("days", [1, 7, 10, 28])
def test_a_request_is_met_within_the_days_asked_for(asked, days):
    consultations, provision = asked
    assert_groups(provision(days=days, by=["sex"]), consultations, ["sex"], days)


def test_some_consultations_only(asked):
    consultations, provision = asked
    organisation = consultations.frame["organisation"].value_counts().index[0]
    own = consultations.where(consultations.frame["organisation"] == organisation)
    assert_groups(provision(area="", organisations=[organisation], by=["sex"]), own, ["sex"])
    # Whether somebody can is asked of the person, whoever says it.
    unable = consultations.where(consultations.dimensions["digital_access"] == "UNABLE")
    where = [{"dimension": "digital_access", "codes": ["UNABLE"]}]
    assert_groups(provision(where=where, by=["sex"]), unable, ["sex"])


def test_every_kind_of_disability_counts_for_itself(ask, synthetic):
    by = ["disability", "sex"]
    assert_groups(ask("provision", **feed.SETS["synthetic"], by=by), Consultations(synthetic), by)


def test_the_feed_has_something_of_everything_to_be_wrong_about(practices):
    consultations = Consultations(practices)
    everybody = pd.Series([()] * len(consultations.frame), consultations.frame.index)
    for indicator, answers in consultations.indicators().items():
        part, whole, unknown, never, _ = recount.tallies(everybody, answers)[()]
        # Of offers and channels one alone is enough: every source of the feed collects one of them.
        assert 0 < part < whole and unknown > 20 and (never > 20 or indicator.startswith("CH-05")), indicator
    lowest, highest = (consultations.indicators()[name] for name in ("CH-05", "CH-05-HIGHEST"))
    assert (lowest != highest).sum() > 20
