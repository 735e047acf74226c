"""How consultations reached people and what became of them, by channel, recounted record by record."""

import pytest

import feed
import recount
from recount import answer, said

ATTENDED = ["ATTENDED", "ATTENDED_ON_TIME", "ATTENDED_LATE"]
BY = [[], ["sex"], ["organisation", "month"]]
# Everything of it, by the measure.
WHOLE = {"CONTACTS": "CH-01", "ATTENDED_CONTACTS": "CH-01", "PERSONS": "CH-02"}


@pytest.fixture(scope="module", params=feed.SETS)
def asked(ask, request):
    """A set of consultations with their channels, and how to ask about it."""
    frame, about = request.getfixturevalue(request.param)["consultations"], feed.SETS[request.param]
    frame = frame.assign(channel=said(frame, "channel"), attendance=said(frame, "attendance"), sex=said(frame, "sex"))
    return frame, lambda table, **asked: recount.cells(ask(table, **about, **asked))


def by_row(frame, by):
    """Records by the keys of their rows, the total first."""
    keys = recount.with_total(frame.index, recount.keys(*(frame[name] for name in by)))
    return {key: frame.loc[records] for key, records in keys.groupby(keys).groups.items()}


def is_known(channel):
    return ~channel.isin(set(recount.STATES) - {"COARSER"})


@pytest.mark.parametrize("measure", WHOLE)
@pytest.mark.parametrize("by", BY, ids=" by ".join)
def test_shares_of_channels(asked, by, measure):
    frame, ask = asked
    if measure == "ATTENDED_CONTACTS":
        frame = frame[frame["attendance"].isin(ATTENDED)]
    elif measure == "PERSONS":
        frame = frame[frame["person_key"] != ""]

    def counted(records):
        """Consultations, or the people whose they are."""
        return records["person_key"].nunique() if measure == "PERSONS" else len(records)

    for denominator in ("KNOWN_ONLY", "ALL"):
        rows = ask("channels", by=by, measure=f"MEASURE_{measure}", denominator=f"DENOMINATOR_{denominator}")
        expected = by_row(frame, by)
        assert set(rows) == set(expected)
        for key, row in rows.items():
            records = expected[key]
            everybody = counted(records)
            never, outside = ["NOT_COLLECTED", "NOT_APPLICABLE"], ["NOT_APPLICABLE"]
            known = counted(records[is_known(records["channel"])])
            asked, collected = (counted(records[~records["channel"].isin(of)]) for of in (outside, never))
            base, unknown = (collected, 0) if denominator == "ALL" else (known, collected - known)
            assert set(row) == {measure, *(f"{WHOLE[measure]}/{channel}" for channel in frame["channel"])}
            recount.assert_count(row[measure], everybody, key)
            for id, cell in row.items():
                if id == measure:
                    continue
                channel = id.split("/")[1]
                part, rest = counted(records[records["channel"] == channel]), (unknown, asked - collected, everybody - asked)
                if channel in never or (channel in recount.STATES and denominator == "KNOWN_ONLY"):
                    # Counted, and in no share: of those that are known, or of any.
                    assert recount.counts(cell) == (part, None, *rest), (key, id)
                    recount.assert_figure(cell, (), (key, id))
                else:
                    recount.assert_share(cell, (part, base, *rest), (key, id))


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("by", BY, ids=" by ".join)
def test_outcomes_of_channels(asked, by, late):
    frame, ask = asked
    attendance, missed = recount.attendances(frame["attendance"], late)
    waits = recount.waits(frame)
    ranges = {one["code"]: one["range"] for one in recount.list_file("lead_time")["categories"]}
    known = [wait for wait in waits.unique() if not isinstance(wait, str)]

    def within(least, most):
        return answer(waits, [wait for wait in known if least <= wait[0] and wait[1] <= most], known)

    shares = {
        ("CH-09", ""): answer(attendance, missed, [*missed, *ATTENDED]),
        ("CH-11-SAME-DAY", ""): within(0, 0), ("CH-11-OVER-14", ""): within(15, 10**9),
        **{("CH-11", f"/{band}"): within(*of) for band, of in ranges.items()},
    }
    rows, expected = ask("outcomes", by=by, late_counts_as_missed=late), by_row(frame, by)
    assert set(rows) == set(expected)
    ids = set()
    for of in ["", *(f"/{channel}" for channel in frame["channel"].unique())]:
        own = frame[frame["channel"] == of[1:]] if of else frame
        keys = recount.with_total(own.index, recount.keys(*(own[name] for name in by)))
        tallies = {f"{name}{of}{band}": recount.tallies(keys, answers) for (name, band), answers in shares.items()}
        # A band that does not occur has no column.
        occurs = {id: any(counted for counted, *_ in tally.values()) for id, tally in tallies.items()}
        tallies = {id: tally for id, tally in tallies.items() if occurs[id] or not id.startswith("CH-11/")}
        ids |= {*tallies, *(f"{name}{of}" for name in ("CONTACTS", "ATTENDED", "OTHER_ATTENDANCE"))}
        for key, row in rows.items():
            for id, tally in tallies.items():
                recount.assert_share(row[id], tally.get(key, (0,) * 5), (key, id))
            contacts = (keys == key).sum()
            part, whole, _, never, _ = tallies[f"CH-09{of}"].get(key, (0,) * 5)
            counts = {"CONTACTS": contacts, "ATTENDED": whole - part, "OTHER_ATTENDANCE": contacts - whole - never}
            for name, count in counts.items():
                recount.assert_count(row[name + of], count, (key, name, of))
    assert all(set(row) == ids for row in rows.values())
