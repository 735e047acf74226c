"""Who is digitally excluded: every indicator of access records, recounted with pandas from the very files that were submitted."""

import pandas as pd
import pytest

import feed
import gpad
import recount
from recount import NO, YES, answer, given, said

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
def exclusion(v1, channel, synthetic):
    stub = v1.DigitalExclusionServiceStub(channel)

    def exclusion(**query):
        request = v1.GetDigitalExclusionBreakdownRequest(query={**feed.SETS["synthetic"], **query}, estimate_collections=["-"])
        return recount.by_key(stub.GetDigitalExclusionBreakdown(request, timeout=60).breakdown.rows)

    return exclusion


@pytest.fixture(scope="module")
def people(synthetic):
    """Of each organisation its last snapshot."""
    frame = synthetic["access"]
    return frame[frame["month"] == frame.groupby("organisation")["month"].transform("max")]


def enabled_for_any(frame):
    """Enabled for one service is enabled; not enabled is who is known not to be for each."""

    services = [answer(said(frame, service), ["Y"]) for service in SERVICES]
    never = (pd.concat(services, axis=1) == recount.NOT_COLLECTED).all(axis=1)
    found = recount.combined(recount.either, *services)
    return found.where(found.isin([YES, NO]) | never, recount.UNKNOWN)


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
        "DX-01": enabled_for_any(frame),
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
    """Every row is there, and each indicator of each has its four counts, its share and its limits."""
    keys = of_frame(frame, by)
    assert {key: row.person_count for key, row in rows.items()} == keys.value_counts().to_dict()
    expected = {name: recount.tallies(keys, answers) for name, answers in shares(frame).items()}
    for key, row in rows.items():
        cells = {cell.indicator: cell for cell in row.indicators}
        assert list(cells) == sorted([*expected, "DX-19"])
        for name, tallies in expected.items():
            assert recount.four(cells[name]) == tallies[key], (key, name)
            part, whole, *_ = tallies[key]
            assert cells[name].HasField("share") == (whole > 0) != cells[name].HasField("absence"), (key, name)
            if whole:
                recount.close(cells[name].share, recount.wilson(part, whole, z))
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
    assert sum(unknown > 0 for *_, unknown, _ in totals) > 8 < sum(never > 0 for *_, never in totals)


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
        cells = {cell.indicator: cell for cell in rows[month,].indicators}
        assert {name: recount.four(cells[name]) for name in expected} == {name: of[month,] for name, of in expected.items()}
    assert {key: row.person_count for key, row in rows.items() if key} == monthly


@pytest.mark.parametrize("by", [["sex"], ["disability"], ["age_band", "sex"]], ids=" by ".join)
def test_reasons(exclusion, people, by):
    limited = people[said(people, "digital_access").isin(["WITH_HELP", "UNABLE"])]
    told = recount.said_of_several(limited, "exclusion_reason")
    keys = of_frame(limited, by)
    counts = pd.DataFrame({"key": keys, "reason": told.loc[keys.index].to_numpy()}).explode("reason").value_counts().to_dict()
    for key, row in exclusion(by=by).items():
        base = counts.get((key, "ANY"), 0) + counts.get((key, "NONE"), 0)
        assert row.reason_base_count == base
        found = {cell.reason: cell for cell in row.reasons if cell.count}
        assert {reason: cell.count for reason, cell in found.items()} == {
            reason: count for (of, reason), count in counts.items() if of == key and reason != "ANY"
        }
        for reason, cell in found.items():
            assert cell.HasField("share") == (reason not in recount.STATES)
            if cell.HasField("share"):
                recount.close(cell.share, recount.wilson(cell.count, base))
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
        [gap] = [cell for cell in row.indicators if cell.indicator == "DX-19"]
        assert recount.four(gap) == (0, 0, 0, 0), "a difference has no counts of its own"
        (part, whole, *_), (other, base, *_) = enabled[key], active[key]
        if not whole or not base:
            assert gap.HasField("absence") and not gap.HasField("share")
            continue
        assert gap.share.value == pytest.approx(part / whole - other / base, abs=1e-9)
        both = [pairs.get((key, pair), 0) for pair in [(YES, YES), (YES, NO), (NO, YES), (NO, NO)]]
        same = whole == base == sum(both)
        assert gap.share.HasField("lower") == gap.share.HasField("upper") == same, key
        if same:
            recount.close(gap.share, recount.paired(*both))
        (with_limits if same else without).add(key)
    return with_limits, without


def test_the_gap_has_limits_where_both_shares_are_of_the_same_people(exclusion, people):
    with_limits, _ = assert_gaps(exclusion(by=["organisation", "age_13"]), people, ["organisation", "age_13"])
    assert len(with_limits) > 50
    # Children are enabled for services and not asked about the App, so that the shares of everybody are of other people.
    _, without = assert_gaps(exclusion(by=["sex"]), people, ["sex"])
    assert {(), ("1",), ("2",)} <= without


def test_internet_use_by_age_and_sex(v1, channel, published):
    query = {"collection": "synthetic-llr", "area": "QK1", "period": {"first": "2018"}, "by": ["age_band", "sex"]}
    request = v1.GetDigitalExclusionBreakdownRequest(query=query, estimate_collections=["ons-internet-users"])
    found = v1.DigitalExclusionServiceStub(channel).GetDigitalExclusionBreakdown(request, timeout=60).breakdown.estimates
    ons = pd.read_csv(gpad.DEMO / "internet_users_2012_2018.csv", dtype=str, keep_default_na=False)
    others = ["Disability status", "Ethnicity", "Ethnic group", "Employment status", "Region", "Local Authority"]
    ons = ons[(ons["Year"] == "2018") & (ons[others] == "").all(axis=1) & (ons["Age"] != "") & (ons["Sex"] != "")]
    assert sorted(round(one.record.value * 100, 6) for one in found) == sorted(ons["Value"].astype(float))
    told = {tuple(sorted((key.dimension, key.code) for key in one.record.keys)): one for one in found}
    men, women = (told[("age_band", "75+"), ("sex", sex)] for sex in ("1", "2"))
    assert (men.record.value, women.record.value) == (pytest.approx(0.513), pytest.approx(0.376))
    assert men.source.publisher == "Office for National Statistics" and men.record.area == "K02000001"
    assert "Open Government Licence" in men.source.licence
