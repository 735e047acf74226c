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
DIFFERENCE = "REMOTE_LESS_IN_PERSON"


@pytest.fixture(scope="module", params=feed.SETS)
def asked(ask, request):
    """A set of consultations, and how to ask about it."""
    rows, about = request.getfixturevalue(request.param), feed.SETS[request.param]

    def impact(late=False, **query):
        return recount.cells(ask("impact", **about, **query, late_counts_as_missed=late))

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
        attendance, missed = recount.attendances(self.attendance, late)
        # Bands are known by their longest wait.
        days = self.waits.map(lambda wait: wait if isinstance(wait, str) else wait[1])
        known = [wait for wait in days.unique() if not isinstance(wait, str)]
        return {
            "CH-09": answer(attendance, missed, [*missed, *ATTENDED]),
            "CH-11-SAME-DAY": answer(days, [0], known),
            "CH-11-OVER-14": answer(days, [wait for wait in known if wait > 14], known),
        }

    def follow(self):
        """What became of each consultation in person or remote: followed by another in person, seen in person on the same day and not
        followed, alone, or not to be told; or it was not attended. Nothing of others."""
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
        unknown = self.attendance.isin(recount.UNKNOWN_STATES)
        never = self.attendance == "NOT_COLLECTED"
        found = found.where(attended, "OUTSIDE").mask(unknown, "NOT_COMPUTABLE").mask(never, "NOT_COLLECTED")
        return found.where(self.mode.isin(MODES), "")


def assert_outcomes(rows, consultations, by, late=False):
    keys = consultations.keys(by)
    assert set(rows) == set(keys)
    for name, answers in consultations.outcomes(late).items():
        by_mode = {}
        for mode in MODES:
            own = keys[keys.index.isin(consultations.mode.index[consultations.mode == mode])]
            by_mode[mode] = recount.tallies(own, answers)
        for key, row in rows.items():
            tallies = {mode: by_mode[mode].get(key, (0, 0, 0, 0, 0)) for mode in MODES}
            for mode in MODES:
                recount.assert_share(row[f"{name}/{mode}"], tallies[mode], (key, name, mode))
            assert_difference(row[f"{'CH-10' if name == 'CH-09' else name}/{DIFFERENCE}"], tallies, (key, name))


def assert_difference(cell, tallies, at):
    """Remote less in person, if there is a share of both."""
    remote, in_person = (tallies[mode][:2] for mode in ("REMOTE", "IN_PERSON"))
    assert recount.counts(cell) == (None,) * 5, at
    recount.assert_figure(cell, recount.newcombe(remote, in_person) if remote[1] > 0 < in_person[1] else (), at)


def assert_followed(rows, consultations, by):
    keys = consultations.keys(by)
    told = pd.DataFrame({"key": keys, "mode": consultations.mode[keys.index].array, "became": consultations.followed[keys.index].array})
    counts = told.value_counts().to_dict()
    for key, row in rows.items():
        tallies = {}
        for mode in MODES:
            kinds = ("FOLLOWED", "SAME_DAY", "ALONE", "NOT_COMPUTABLE", "NOT_COLLECTED", "OUTSIDE")
            followed, same_day, alone, *others = (counts.get((key, mode, became), 0) for became in kinds)
            tallies[mode] = followed, followed + same_day + alone, *others
            recount.assert_share(row[f"CH-12/{mode}"], tallies[mode], (key, mode))
            recount.assert_count(row[f"CH-12-SAME-DAY/{mode}"], same_day, (key, mode))
        assert_difference(row[f"CH-12/{DIFFERENCE}"], tallies, key)
    return {became for *_, became in counts}


def assert_waits(rows, consultations, by):
    """Medians; where waits are known in bands, the median has to be the same at both ends of them."""
    keys = consultations.keys(by)
    told = pd.DataFrame({"key": keys, "mode": consultations.mode[keys.index].array, "wait": consultations.waits[keys.index].array})
    groups = dict(list(told.groupby(["key", "mode"])["wait"]))
    medians = set()
    for key, row in rows.items():
        found = {}
        for mode in MODES:
            cell, waits = row[f"CH-11-MEDIAN/{mode}"], list(groups.get((key, mode), []))
            known = [wait for wait in waits if not isinstance(wait, str)]
            states = recount.UNKNOWN_STATES, ["NOT_COLLECTED"], ["NOT_APPLICABLE"]
            assert recount.counts(cell) == (None, len(known), *(sum(wait in of for wait in waits) for of in states)), (key, mode)
            least, most = (statistics.median(end) for end in zip(*known)) if known else (None, None)
            found[mode] = (least,) if known and least == most else ()
            recount.assert_figure(cell, found[mode], (key, mode))
        difference = row[f"CH-11-MEDIAN/{DIFFERENCE}"]
        assert recount.counts(difference) == (None,) * 5
        recount.assert_figure(difference, (found["REMOTE"][0] - found["IN_PERSON"][0],) if all(found.values()) else (), key)
        medians |= {days for of_mode in found.values() for days in of_mode}
    return medians


BY = [[], ["sex"], ["organisation"], ["month"], ["digital_access"], ["digital_access", "sex"], ["interpreter_needed"]]


@pytest.mark.parametrize("by", BY, ids=" by ".join)
def test_outcomes_and_what_followed(asked, by):
    consultations, impact = asked
    rows = impact(by=by)
    assert_outcomes(rows, consultations, by)
    assert assert_followed(rows, consultations, by) == {"FOLLOWED", "SAME_DAY", "ALONE", "NOT_COMPUTABLE", "OUTSIDE", ""}
    assert assert_waits(rows, consultations, by), "a median"
    of_modes = [cell for id, cell in rows[()].items() if not id.startswith("CH-12") and not id.endswith(DIFFERENCE)]
    assert len(of_modes) == 8 and all(cell.denominator_count > 50 for cell in of_modes)


def test_who_arrives_too_late_may_count_as_missed(asked):
    consultations, impact = asked
    for late in (False, True):
        assert_outcomes(impact(late, by=["sex"]), consultations, ["sex"], late)
    assert (consultations.attendance == "ARRIVED_TOO_LATE").sum() > 5


def test_every_kind_of_disability_counts_for_itself(ask, synthetic):
    consultations = Consultations(synthetic)
    rows = recount.cells(ask("impact", **feed.SETS["synthetic"], by=["disability"]))
    assert_outcomes(rows, consultations, ["disability"])
    assert_followed(rows, consultations, ["disability"])
    assert_waits(rows, consultations, ["disability"])
    assert rows["ANY",]["CH-09/REMOTE"].denominator_count > 50
