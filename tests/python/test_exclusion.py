"""Who is digitally excluded: every indicator of access records, recounted with pandas from the very files that were submitted."""

import pandas as pd
import pytest

import feed
import gpad
import recount
from recount import NO, YES, answer, given, said

REASON = "DX-21-REASON/"
SERVICES = ["online_appointments", "online_prescriptions", "online_record"]
DIMENSIONS = {
    "age_13": lambda frame: recount.ages(frame, 0, 13),
    "age_band": lambda frame: recount.ages(frame, 0, 16, 25, 35, 45, 55, 65, 75),
    "carer": lambda frame: said(frame, "carer"),
    "digital_access": lambda frame: said(frame, "digital_access"),
    "disability": lambda frame: recount.said_of_several(frame, "disability"),
    "ethnic_group_broad": recount.ethnic_group_broad,
    "imd2025_quintile": recount.quintiles,
    "month": lambda frame: frame["month"],
    "organisation": lambda frame: frame["organisation"],
    "religion": lambda frame: said(frame, "religion"),
    "residence_district": lambda frame: recount.homes(frame, "district").fillna("NOT_RECORDED"),
    "sex": lambda frame: said(frame, "sex"),
}


@pytest.fixture(scope="module")
def exclusion(ask, synthetic):
    def exclusion(**query):
        return recount.cells(ask("exclusion", **{**feed.SETS["synthetic"], **query}, estimate_collections=["-"]))

    return exclusion


@pytest.fixture(scope="module")
def people(synthetic):
    """Of each organisation its last snapshot."""
    frame = synthetic["access"]
    return frame[frame["month"] == frame.groupby("organisation")["month"].transform("max")]


def enabled_for_any(frame, open_is):
    """Enabled for one service is enabled. Counted is of whom one service is known; `open_is`: not for those that are, another is missing."""

    def of(*services):
        told = set(services)
        if YES in told:
            return YES
        if NO in told:
            return open_is if told - {NO, recount.NOT_ASKED} else NO
        return told.pop() if len(told) == 1 else recount.UNKNOWN

    return recount.combined(of, *(answer(said(frame, service), ["Y"]) for service in SERVICES))


def shares(frame):
    """What each record answers to each indicator that is a share."""
    access = said(frame, "digital_access")
    flag = {name: answer(said(frame, name), ["Y"]) for name in [*SERVICES, "app_registered", "app_active", "proxy_access"]}
    flag |= {name: answer(said(frame, name), ["Y"]) for name in ["mobile_recorded", "email_recorded"]}
    offered, accepted = (answer(said(frame, name), ["Y"]) for name in ["support_offered", "support_accepted"])
    from_13 = answer(recount.ages(frame, 0, 13), ["13+"], ["0-12", "13+"])
    every = [*recount.ASSESSED, "NOT_ASSESSED"]
    unable, limited = (answer(access, of, every) for of in (["UNABLE"], ["UNABLE", "WITH_HELP"]))
    return {
        "DX-01": enabled_for_any(frame, NO), "DX-01-HIGHEST": enabled_for_any(frame, YES),
        "DX-02": flag["online_appointments"],
        "DX-03": flag["online_prescriptions"],
        "DX-04": flag["online_record"],
        "DX-06": given(flag["app_registered"], from_13),
        "DX-07": given(flag["app_active"], from_13),
        "DX-09": given(flag["proxy_access"], unable),
        # Of everybody whose source collects it: not to know is not to have assessed.
        "DX-17": answer(access, recount.ASSESSED, [*every, *recount.UNKNOWN_STATES]),
        "DX-18-ACCEPTED": given(accepted, offered),
        "DX-18-OFFERED": given(offered, limited),
        "DX-20": answer(access, ["UNABLE"], recount.ASSESSED),
        "DX-21": answer(access, ["UNABLE", "WITH_HELP"], recount.ASSESSED),
        "DX-22": flag["mobile_recorded"],
        "DX-23": flag["email_recorded"],
    }


def of_frame(frame, by, total=True):
    keys = recount.keys(*(DIMENSIONS[name](frame) for name in by))
    return recount.with_total(frame.index, keys) if total else keys


def assert_rows(rows, frame, by, z=recount.Z):
    """Every row is there, and each indicator of each has its five counts, its share and its limits."""
    keys = of_frame(frame, by)
    people, expected = keys.value_counts(), {name: recount.tallies(keys, answers) for name, answers in shares(frame).items()}
    assert set(rows) == set(people.index)
    for key, row in rows.items():
        assert [id for id in row if not id.startswith(REASON)] == ["PEOPLE", *sorted([*expected, "DX-19"])]
        recount.assert_count(row["PEOPLE"], people[key], key)
        for name, tallies in expected.items():
            recount.assert_share(row[name], tallies[key], (key, name), z)
    return expected


BY = [
    ["sex"], ["age_band"], ["disability"], ["ethnic_group_broad"], ["religion"], ["imd2025_quintile"], ["residence_district"],
    ["organisation"], ["digital_access"], ["age_band", "sex"], ["disability", "sex"],
    ["ethnic_group_broad", "imd2025_quintile", "carer"],
]


@pytest.mark.parametrize("by", BY, ids=" by ".join)
def test_every_indicator(exclusion, people, by):
    expected = assert_rows(exclusion(by=by), people, by)
    # The set has something of everything to be right or wrong about.
    totals = [tallies[()] for tallies in expected.values()]
    assert all(0 < part < whole for part, whole, *_ in totals)
    assert sum(unknown > 0 for *_, unknown, _, _ in totals) > 8 < sum(never > 0 for *_, never, _ in totals)


def test_some_people_only(exclusion, people):
    organisation = people["organisation"].value_counts().index[0]
    own = people[people["organisation"] == organisation]
    assert_rows(exclusion(area="", organisations=[organisation], by=["sex"]), own, ["sex"])
    women = people[said(people, "sex") == "2"]
    where = [{"dimension": "sex", "codes": ["2"]}]
    assert_rows(exclusion(where=where, by=["religion"]), women, ["religion"])
    leicester = people[recount.homes(people, "district") == "E06000016"]
    at_home = {"area": "E06000016", "area_basis": "AREA_BASIS_RESIDENCE"}
    assert_rows(exclusion(**at_home, by=["imd2025_quintile"]), leicester, ["imd2025_quintile"])
    assert_rows(exclusion(by=["sex"], confidence_level=0.998), people, ["sex"], recount.Z_998)


def test_each_month_has_its_own_snapshot_and_the_total_is_of_the_last(exclusion, people, synthetic):
    rows = exclusion(by=["month"])
    frame = synthetic["access"]
    assert frame["month"].nunique() == 3
    assert_rows({key: row for key, row in rows.items() if key == ()}, people, [])
    monthly = {}
    for month, of_month in frame.groupby("month"):
        monthly[month,] = len(of_month)
        expected = {name: recount.tallies(of_frame(of_month, ["month"], False), of) for name, of in shares(of_month).items()}
        for name, of in expected.items():
            recount.assert_share(rows[month,][name], of[month,], (month, name))
    assert {key: row["PEOPLE"].numerator_count for key, row in rows.items() if key} == monthly


@pytest.mark.parametrize("by", [["sex"], ["disability"], ["age_band", "sex"]], ids=" by ".join)
def test_reasons(exclusion, people, by):
    limited = people[said(people, "digital_access").isin(["WITH_HELP", "UNABLE"])]
    told = recount.said_of_several(limited, "exclusion_reason")
    keys = of_frame(limited, by)
    counts = pd.DataFrame({"key": keys, "reason": told.loc[keys.index].to_numpy()}).explode("reason").value_counts().to_dict()
    reasons = {reason for _, reason in counts} - {"ANY"}
    every = [*recount.ASSESSED, "NOT_ASSESSED"]
    is_limited = answer(said(people, "digital_access"), ["WITH_HELP", "UNABLE"], every)
    states = {"NOT_COLLECTED": recount.NOT_COLLECTED, "NOT_APPLICABLE": recount.NOT_ASKED}
    known = recount.said_of_several(people, "exclusion_reason").map(
        lambda kinds: YES if {"ANY", "NONE"} & set(kinds) else states.get(kinds[0], recount.UNKNOWN)
    )
    tallies = recount.tallies(of_frame(people, by), given(known, is_limited))
    for key, row in exclusion(by=by).items():
        assert {id.removeprefix(REASON) for id in row if id.startswith(REASON)} == reasons
        of_row = {reason: counts.get((key, reason), 0) for reason in [*recount.STATES, *reasons, "ANY", "NONE"]}
        base = of_row["ANY"] + of_row["NONE"]
        assert tallies[key][:2] == (base, base)
        for reason in reasons:
            # A reason that is missing is counted, and is in no share.
            whole = None if reason in recount.STATES else base
            cell, part = row[REASON + reason], of_row[reason]
            assert recount.counts(cell) == (part, whole, *tallies[key][2:]), (key, reason)
            recount.assert_figure(cell, recount.wilson(part, base) if whole else (), (key, reason))
    assert {"SKILLS", "LANGUAGE", "NOT_RECORDED", "NOT_COLLECTED"} <= {reason for _, reason in counts}


def assert_gaps(rows, frame, by):
    """DX-19: limits where both shares stand on one base, and none otherwise. Which rows have limits, and which have a value alone."""
    keys = of_frame(frame, by)
    enabled, active = (shares(frame)[name] for name in ("DX-01", "DX-07"))
    answers = pd.DataFrame({"key": keys, "pair": list(zip(enabled.loc[keys.index], active.loc[keys.index]))})
    pairs = answers.value_counts().to_dict()
    enabled, active = recount.tallies(keys, enabled), recount.tallies(keys, active)
    with_limits, without = set(), set()
    for key, row in rows.items():
        gap = row["DX-19"]
        assert recount.counts(gap) == (None,) * 5, "a difference has no counts of its own"
        (part, whole, *_), (other, base, *_) = enabled[key], active[key]
        if not whole or not base:
            recount.assert_figure(gap, (), key)
            continue
        both = [pairs.get((key, pair), 0) for pair in [(YES, YES), (YES, NO), (NO, YES), (NO, NO)]]
        same = whole == base == sum(both)
        difference = part / whole - other / base
        recount.assert_figure(gap, recount.paired(*both) if same else (difference,), key)
        assert gap.value == pytest.approx(difference, abs=1e-9), key
        (with_limits if same else without).add(key)
    return with_limits, without


def test_the_gap_has_limits_where_both_shares_are_of_the_same_people(exclusion, people):
    with_limits, _ = assert_gaps(exclusion(by=["organisation", "age_13"]), people, ["organisation", "age_13"])
    assert len(with_limits) > 50
    # Children are enabled for services and not asked about the App, so that the shares of everybody are of other people.
    _, without = assert_gaps(exclusion(by=["sex"]), people, ["sex"])
    assert {(), ("1",), ("2",)} <= without


def test_internet_use_by_age_and_sex(ask, published):
    query = {**feed.SETS["synthetic"], "period": {"first": "2018"}, "by": ["age_band", "sex"]}
    found = ask("exclusion", **query, estimate_collections=["ons-internet-users"]).estimates
    ons = pd.read_csv(gpad.DEMO / "internet_users_2012_2018.csv", dtype=str, keep_default_na=False)
    others = ["Disability status", "Ethnicity", "Ethnic group", "Employment status", "Region", "Local Authority"]
    ons = ons[(ons["Year"] == "2018") & (ons[others] == "").all(axis=1) & (ons["Age"] != "") & (ons["Sex"] != "")]
    assert sorted(round(one.record.value * 100, 6) for one in found) == sorted(ons["Value"].astype(float))
    told = {tuple(sorted((key.dimension, key.code) for key in one.record.keys)): one for one in found}
    men, women = (told[("age_band", "75+"), ("sex", sex)] for sex in ("1", "2"))
    assert (men.record.value, women.record.value) == (pytest.approx(0.513), pytest.approx(0.376))
    assert men.source.publisher == "Office for National Statistics" and men.record.area == "K02000001"
    assert "Open Government Licence" in men.source.licence
