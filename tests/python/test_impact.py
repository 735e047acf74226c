"""What a channel does to access: outcomes by mode, their differences, and what followed, recounted record by record."""

import calendar
import datetime
import statistics

import pandas as pd
import pytest

import feed
import recount
from recount import answer, said

WITHIN = datetime.timedelta(days=7)
ATTENDED = ["ATTENDED", "ATTENDED_ON_TIME", "ATTENDED_LATE"]
MODES = ["IN_PERSON", "REMOTE"]


@pytest.fixture(scope="module", params=feed.SETS)
def asked(v1, channel, request):
    """A set of consultations, and how to ask about it."""
    rows, about = request.getfixturevalue(request.param), feed.SETS[request.param]
    stub = v1.DigitalExclusionServiceStub(channel)

    def impact(late=False, **query):
        request = v1.GetChannelImpactRequest(query={**about, **query}, late_counts_as_missed=late)
        return recount.by_key(stub.GetChannelImpact(request, timeout=60).impact.rows)

    return Consultations(rows), impact


class Consultations:
    """Consultations, and what each says to every question of the table."""

    def __init__(self, rows):
        frame = rows["consultations"]
        self.frame = frame
        self.mode = said(frame, "channel").map(recount.mode)
        self.attendance = said(frame, "attendance")
        self.waits = recount.waits(frame)
        self.dimensions = {
            "sex": said(frame, "sex"), "organisation": frame["organisation"], "month": frame["month"],
            **{name: recount.needed(frame, rows["access"], name)["status"] for name in ("digital_access", "interpreter_needed")},
        }
        if "disability" in frame:
            self.dimensions["disability"] = recount.said_of_several(frame, "disability")
        self.followed = self.follow()

    def keys(self, by):
        return recount.with_total(self.frame.index, recount.keys(*(self.dimensions[name] for name in by)))

    def outcomes(self, late):
        missed = ["DID_NOT_ATTEND", "MISSED", *(["ARRIVED_TOO_LATE"] if late else [])]
        # Bands are known by their longest wait.
        days = self.waits.map(lambda wait: wait if isinstance(wait, str) else wait[1])
        known = [wait for wait in days.unique() if not isinstance(wait, str)]
        return {
            "CH-09": answer(self.attendance, missed, [*missed, *ATTENDED]),
            "CH-11-SAME-DAY": answer(days, [0], known),
            "CH-11-OVER-14": answer(days, [wait for wait in known if wait > 14], known),
        }

    def follow(self):
        """What became of each consultation that was attended: followed by another in person, seen in person on the same day and
        not followed, alone, or not to be told. Nothing of others."""
        frame = self.frame
        days = frame["date"].map(lambda date: datetime.date.fromisoformat(date) if len(date) == 10 else None)
        attended = self.attendance.isin(ATTENDED)
        office = list(zip(frame["organisation"], frame["person_key"]))
        seen = {}
        for record, who, day in zip(frame.index, office, days):
            if attended[record] and self.mode[record] == "IN_PERSON" and day and who[1]:
                seen.setdefault(who, []).append((day, record))
        # Months of which an organisation says who was seen when.
        tells = {of for of, has in days.notna().groupby([frame["organisation"], frame["month"]]).any().items() if has}

        def became(record, who, day):
            if not day or not who[1]:
                return "NOT_COMPUTABLE"
            _, length = calendar.monthrange(day.year, day.month)
            last = day + WITHIN
            if day.day + WITHIN.days > length and (who[0], f"{last:%Y-%m}") not in tells:
                return "NOT_COMPUTABLE"
            others = [then for then, other in seen.get(who, []) if other != record]
            return "FOLLOWED" if any(day < then <= last for then in others) else "SAME_DAY" if day in others else "ALONE"

        found = pd.Series([became(*of) for of in zip(frame.index, office, days)], frame.index)
        return found.where(attended & self.mode.isin(MODES), "")


def assert_outcomes(rows, consultations, by, late=False):
    keys = consultations.keys(by)
    assert set(rows) == set(keys)
    for name, answers in consultations.outcomes(late).items():
        by_mode = {}
        for mode in MODES:
            own = keys[keys.index.isin(consultations.mode.index[consultations.mode == mode])]
            by_mode[mode] = recount.tallies(own, answers)
        for key, row in rows.items():
            [outcome] = [outcome for outcome in row.outcomes if outcome.indicator == name]
            tallies = {mode: by_mode[mode].get(key, (0, 0, 0, 0)) for mode in MODES}
            for mode, cell in [("IN_PERSON", outcome.in_person), ("REMOTE", outcome.remote)]:
                assert recount.four(cell) == tallies[mode], (key, name, mode)
                part, whole, *_ = tallies[mode]
                assert cell.HasField("share") == (whole > 0)
                if whole:
                    recount.close(cell.share, recount.wilson(part, whole))
            remote, in_person = (tallies[mode][:2] for mode in ("REMOTE", "IN_PERSON"))
            both = remote[1] > 0 < in_person[1]
            assert outcome.HasField("difference") == both != outcome.HasField("absence"), (key, name)
            if both:
                recount.close(outcome.difference, recount.newcombe(remote, in_person))


def assert_followed(rows, consultations, by):
    keys = consultations.keys(by)
    told = pd.DataFrame({"key": keys, "mode": consultations.mode[keys.index].array, "became": consultations.followed[keys.index].array})
    counts = told.value_counts().to_dict()
    for key, row in rows.items():
        found, pairs = row.conversion, []
        for mode, prefix in [("REMOTE", ""), ("IN_PERSON", "in_person_")]:
            followed, same_day, alone, unknown = (
                counts.get((key, mode, became), 0) for became in ("FOLLOWED", "SAME_DAY", "ALONE", "NOT_COMPUTABLE")
            )
            told_of = found.remote_count if mode == "REMOTE" else found.in_person_count
            assert told_of == followed + same_day + alone, (key, mode)
            assert getattr(found, f"{prefix}followed_count") == followed
            assert getattr(found, f"{prefix}same_day_count") == same_day
            assert getattr(found, f"{prefix}not_computable_count") == unknown
            assert found.HasField(f"{prefix}share") == (told_of > 0) != found.HasField(f"{prefix}absence")
            if told_of:
                recount.close(getattr(found, f"{prefix}share"), recount.wilson(followed, told_of))
            pairs.append((followed, told_of))
        both = all(whole for _, whole in pairs)
        assert found.HasField("difference") == both != found.HasField("difference_absence")
        if both:
            recount.close(found.difference, recount.newcombe(*pairs))
    return {became for *_, became in counts}


def assert_waits(rows, consultations, by):
    """Medians; where waits are known in bands, the median has to be the same at both ends of them."""
    keys = consultations.keys(by)
    told = pd.DataFrame({"key": keys, "mode": consultations.mode[keys.index].array, "wait": consultations.waits[keys.index].array})
    groups = dict(list(told.groupby(["key", "mode"])["wait"]))
    medians = set()
    for key, row in rows.items():
        found = {}
        for mode, cell in [("IN_PERSON", row.wait.in_person), ("REMOTE", row.wait.remote)]:
            waits = list(groups.get((key, mode), []))
            known = [wait for wait in waits if not isinstance(wait, str)]
            unknown, never = (sum(wait in of for wait in waits) for of in (recount.UNKNOWN_STATES, ["NOT_COLLECTED"]))
            assert (cell.known_count, cell.unknown_count, cell.not_collected_count) == (len(known), unknown, never), (key, mode)
            least, most = (statistics.median(end) for end in zip(*known)) if known else (None, None)
            exact = known != [] and least == most
            assert cell.HasField("median_days") == exact != cell.HasField("absence"), (key, mode)
            if exact:
                assert cell.median_days == least
                found[mode] = least
        assert row.wait.HasField("difference_days") == (len(found) == 2) != row.wait.HasField("absence")
        if len(found) == 2:
            assert row.wait.difference_days == found["REMOTE"] - found["IN_PERSON"]
        medians |= set(found.values())
    return medians


BY = [[], ["sex"], ["organisation"], ["month"], ["digital_access"], ["digital_access", "sex"], ["interpreter_needed"]]


@pytest.mark.parametrize("by", BY, ids=" by ".join)
def test_outcomes_and_what_followed(asked, by):
    consultations, impact = asked
    rows = impact(by=by)
    assert_outcomes(rows, consultations, by)
    assert assert_followed(rows, consultations, by) == {"FOLLOWED", "SAME_DAY", "ALONE", "NOT_COMPUTABLE", ""}
    assert assert_waits(rows, consultations, by), "a median"
    assert all(cell.denominator_count > 50 for outcome in rows[()].outcomes for cell in (outcome.in_person, outcome.remote))


def test_who_arrives_too_late_may_count_as_missed(asked):
    consultations, impact = asked
    for late in (False, True):
        assert_outcomes(impact(late, by=["sex"]), consultations, ["sex"], late)
    assert (consultations.attendance == "ARRIVED_TOO_LATE").sum() > 5


def test_every_kind_of_disability_counts_for_itself(v1, channel, synthetic):
    consultations = Consultations(synthetic)
    request = v1.GetChannelImpactRequest(query={**feed.SETS["synthetic"], "by": ["disability"]})
    rows = recount.by_key(v1.DigitalExclusionServiceStub(channel).GetChannelImpact(request, timeout=60).impact.rows)
    assert_outcomes(rows, consultations, ["disability"])
    assert_followed(rows, consultations, ["disability"])
    assert_waits(rows, consultations, ["disability"])
    assert rows["ANY",].outcomes[0].remote.denominator_count > 50
