"""What a channel does to access: outcomes by mode, their differences, and what followed, recounted record by record."""

import calendar
import datetime

import pandas as pd
import pytest

import feed
import recount
from recount import answer, said

WITHIN = datetime.timedelta(days=7)
ATTENDED = ["ATTENDED", "ATTENDED_ON_TIME", "ATTENDED_LATE"]
UP_TO_14_DAYS, OVER_14_DAYS = (
    ["1_DAY", "2_TO_7_DAYS", "8_TO_14_DAYS"], ["15_TO_21_DAYS", "22_TO_28_DAYS", "OVER_28_DAYS"],
)
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


def lead_time(frame):
    """Bands of days from booking, or the band that is given."""
    upper = {0: "SAME_DAY", 1: "1_DAY", 7: "2_TO_7_DAYS", 14: "8_TO_14_DAYS", 21: "15_TO_21_DAYS", 28: "22_TO_28_DAYS"}

    def band(days):
        return next((name for most, name in upper.items() if int(days) <= most), "OVER_28_DAYS")

    of_days = frame["lead_time_days"].map(lambda days: band(days) if days else "")
    found = of_days.where(of_days != "", recount.coded(frame, "lead_time", frame["lead_time_band"]))
    return found.where(recount.collected(frame, "lead_time", "lead_time_days", "lead_time_band"), "NOT_COLLECTED")


class Consultations:
    """Consultations, and what each says to every question of the table."""

    def __init__(self, rows):
        frame = rows["consultations"]
        self.frame = frame
        self.mode = said(frame, "channel").map(recount.mode)
        self.attendance = said(frame, "attendance")
        self.lead_time = lead_time(frame)
        self.dimensions = {
            "sex": said(frame, "sex"), "organisation": frame["organisation"], "month": frame["month"],
            "digital_access": recount.access(frame, rows["access"])["status"],
        }
        if "disability" in frame:
            self.dimensions["disability"] = recount.said_of_several(frame, "disability")
        self.followed = self.follow()

    def keys(self, by):
        return recount.with_total(self.frame.index, recount.keys(*(self.dimensions[name] for name in by)))

    def outcomes(self, late):
        missed = ["DID_NOT_ATTEND", "MISSED", *(["ARRIVED_TOO_LATE"] if late else [])]
        waits = ["SAME_DAY", *UP_TO_14_DAYS, *OVER_14_DAYS]
        return {
            "CH-09": answer(self.attendance, missed, [*missed, *ATTENDED]),
            "CH-11-SAME-DAY": answer(self.lead_time, ["SAME_DAY"], waits),
            "CH-11-OVER-14": answer(self.lead_time, OVER_14_DAYS, waits),
        }

    def follow(self):
        """What became of each remote consultation that was attended: followed, alone, or not to be told. Nothing of others."""
        frame = self.frame
        days = frame["date"].map(lambda date: datetime.date.fromisoformat(date) if len(date) == 10 else None)
        attended = self.attendance.isin(ATTENDED)
        office = list(zip(frame["organisation"], frame["person_key"]))
        seen = {}
        for who, day, here in zip(office, days, attended & (self.mode == "IN_PERSON")):
            if here and day and who[1]:
                seen.setdefault(who, []).append(day)
        # Months of which an organisation says who was seen when.
        tells = {of for of, has in days.notna().groupby([frame["organisation"], frame["month"]]).any().items() if has}

        def became(who, day):
            if not day or not who[1]:
                return "NOT_COMPUTABLE"
            _, length = calendar.monthrange(day.year, day.month)
            last = day + WITHIN
            if day.day + WITHIN.days > length and (who[0], f"{last:%Y-%m}") not in tells:
                return "NOT_COMPUTABLE"
            return "FOLLOWED" if any(day <= then <= last for then in seen.get(who, [])) else "ALONE"

        found = pd.Series([became(*of) for of in zip(office, days)], frame.index)
        return found.where(attended & (self.mode == "REMOTE"), "")


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
    counts = pd.DataFrame({"key": keys, "became": consultations.followed.loc[keys.index].to_numpy()}).value_counts().to_dict()
    for key, row in rows.items():
        followed, alone, unknown = (counts.get((key, became), 0) for became in ("FOLLOWED", "ALONE", "NOT_COMPUTABLE"))
        found = row.conversion
        assert (found.followed_count, found.remote_count, found.not_computable_count) == (followed, followed + alone, unknown), key
        assert found.HasField("share") == (followed + alone > 0) != found.HasField("absence")
        if followed + alone:
            recount.close(found.share, recount.wilson(followed, followed + alone))
    return {became for _, became in counts}


@pytest.mark.parametrize("by", [[], ["sex"], ["organisation"], ["month"], ["digital_access"], ["digital_access", "sex"]], ids=" by ".join)
def test_outcomes_and_what_followed(asked, by):
    consultations, impact = asked
    rows = impact(by=by)
    assert_outcomes(rows, consultations, by)
    assert assert_followed(rows, consultations, by) == {"FOLLOWED", "ALONE", "NOT_COMPUTABLE", ""}
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
    assert rows["ANY",].outcomes[0].remote.denominator_count > 50
