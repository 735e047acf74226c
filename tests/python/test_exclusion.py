"""Digital exclusion: what the service answers, recomputed with pandas from the very files that were submitted."""

import json
import os
import pathlib
import subprocess
import tomllib

import pandas as pd
import pytest

import gpad

DEMO = gpad.ROOT / "deploy" / "demo"
CODES = gpad.ROOT / "services" / "domain" / "codes" / "data"
SET = ["--rows", "6000", "--seed", "5", "--from", "2020-01", "--to", "2020-03"]
MONTHS = {"first": "2020-01", "last": "2020-03"}
OPEN = [
    "internet_users_2012_2018.csv", "deri_depahri_lsoa11_llr.csv", "ethnic_group_6b_lsoa21_llr.csv.gz",
    "disability_lsoa21_llr.csv.gz", "religion_lsoa21_llr.csv.gz",
]
ASSESSED = ["ABLE", "WITH_HELP", "UNABLE"]
NEEDS = [
    ("digital_access", "access", ASSESSED),
    ("interpreter_needed", "interpreter", ["Y", "N"]),
    ("accessible_need", "accessible", ["Y", "N"]),
]


@pytest.fixture(scope="module")
def submitted(address, tmp_path_factory):
    """The synthetic set and the open files, submitted by the command line: dataset to its rows as they were written."""
    folder = tmp_path_factory.mktemp("exclusion")
    binary = pathlib.Path(os.environ.get("EQUITY_TARGET", gpad.ROOT / "target")) / "release" / "equity"

    def equity(*arguments):
        ended = subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=300, check=False)
        assert ended.returncode == 0, ended.stderr

    rows = {}
    for dataset in ("access", "consultations"):
        file = folder / f"{dataset}.csv"
        equity("generate", *SET, "--dataset", dataset, "--out", file)
        equity("submit", file, "--service", f"http://{address}")
        rows[dataset] = pd.read_csv(file, dtype=str, keep_default_na=False)
    for file in OPEN:
        equity("submit", DEMO / file, "--service", f"http://{address}")
    return rows


@pytest.fixture(scope="module")
def exclusion(v1, channel, submitted):
    return v1.DigitalExclusionServiceStub(channel)


def synthetic(**more):
    return {"collection": "synthetic-llr", "area": "QK1", "period": MONTHS, **more}


def by_key(rows):
    keyed = {tuple(key.code for key in row.keys): row for row in rows}
    assert len(keyed) == len(rows), "a row twice"
    return keyed


def counts(cell):
    return cell.numerator_count, cell.denominator_count


def channels(frame):
    """Our own channel codes: each submission says once in which code system it gives them."""
    with (CODES / "codes" / "channel.toml").open("rb") as file:
        content = tomllib.load(file)
    systems = {system["id"]: {code: target for code, _, target in system["codes"]} for system in content["system"]}
    default = content["system"][0]["id"]
    said = frame.groupby(["organisation", "month"])["code_systems"].transform("first")
    named = said.str.extract(r"(?:^|;)channel=([^;]+)")[0].fillna(default)
    codes = [systems[system].get(code, "") for system, code in zip(named, frame["channel"])]
    return pd.Series(["" if code.startswith("!") else code for code in codes], index=frame.index)


def mode(channel):
    if channel in ("FACE_TO_FACE", "HOME_VISIT"):
        return "IN_PERSON"
    return "" if channel in ("", "OTHER") else "REMOTE"


@pytest.fixture(scope="module")
def contacts(submitted):
    """Consultations with mode, and with what is known of the person: said by the record, or by the latest snapshot."""
    frame = submitted["consultations"].copy()
    frame["mode"] = channels(frame).map(mode)
    for need, column, tells in NEEDS:
        frame[column] = told(frame, submitted["access"], need, tells)
    return frame


def told(frame, access, need, tells):
    """What each consultation says of a need; where it says nothing, what the person's latest snapshot does."""
    by_person = {
        person: sorted(zip(rows["month"], rows[need])) for person, rows in access.groupby("person_key") if person
    }

    def known(own, person, month):
        if own in tells:
            return own
        said = [status for then, status in by_person.get(person, []) if then <= month]
        return said[-1] if said and said[-1] in tells + ["NOT_ASSESSED"] else own

    return [known(*of) for of in zip(frame[need], frame["person_key"], frame["month"])]


def test_indicators_by_sex(v1, exclusion, submitted):
    query = synthetic(by=["sex"])
    answer = exclusion.GetDigitalExclusionBreakdown(v1.GetDigitalExclusionBreakdownRequest(query=query), timeout=60)
    rows = by_key(answer.breakdown.rows)
    frame = submitted["access"]
    # Of each organisation its last snapshot.
    frame = frame[frame["month"] == frame.groupby("organisation")["month"].transform("max")]
    lowest = frame["age_years"].where(frame["age_years"] != "", frame["age_band"].str.extract(r"^(\d+)")[0])
    adult = pd.to_numeric(lowest, errors="coerce") >= 13
    services = frame[["online_appointments", "online_prescriptions", "online_record"]]
    enabled, none = (services == "Y").any(axis=1), (services == "N").all(axis=1)
    conditions = {
        "DX-01": (enabled, enabled | none),
        "DX-03": (frame["online_prescriptions"] == "Y", frame["online_prescriptions"].isin(["Y", "N"])),
        "DX-06": ((frame["app_registered"] == "Y") & adult, frame["app_registered"].isin(["Y", "N"]) & adult),
        "DX-09": (
            (frame["proxy_access"] == "Y") & (frame["digital_access"] == "UNABLE"),
            frame["proxy_access"].isin(["Y", "N"]) & (frame["digital_access"] == "UNABLE"),
        ),
        "DX-20": (frame["digital_access"] == "UNABLE", frame["digital_access"].isin(ASSESSED)),
        "DX-21": (frame["digital_access"].isin(["UNABLE", "WITH_HELP"]), frame["digital_access"].isin(ASSESSED)),
    }
    for code in ["1", "2", None]:
        of = pd.Series(True, index=frame.index) if code is None else frame["sex"] == code
        row = rows[() if code is None else (code,)]
        assert row.person_count == of.sum()
        cells = {cell.indicator: cell for cell in row.indicators}
        for indicator, (numerator, denominator) in conditions.items():
            expected = ((numerator & of).sum(), (denominator & of).sum())
            assert counts(cells[indicator]) == expected, (code, indicator)
            assert expected[1] > 20 and cells[indicator].share.value == pytest.approx(expected[0] / expected[1])
        limited = frame[of & frame["digital_access"].isin(["UNABLE", "WITH_HELP"])]
        reasons = {cell.reason: cell.count for cell in row.reasons if cell.state == v1.CATEGORY_STATE_KNOWN}
        told = limited["exclusion_reason"].str.split(";").explode()
        expected = told[~told.isin(["", "NONE", "NOT_KNOWN", "NOT_STATED", "NOT_RECORDED", "NOT_APPLICABLE"])].value_counts()
        assert reasons == expected.to_dict()


def test_provision_for_those_who_need_it(v1, exclusion, contacts):
    query = synthetic(by=["sex"])
    answer = exclusion.GetFaceToFaceProvision(v1.GetFaceToFaceProvisionRequest(query=query), timeout=60).provision
    own, told = contacts["digital_access"].isin(ASSESSED), contacts["access"].isin(ASSESSED)
    assert answer.sources.record_count == own.sum()
    assert answer.sources.snapshot_count >= (told & ~own).sum() > 300
    for need, (field, column, tells) in zip(answer.sources.other_needs, NEEDS[1:]):
        assert (need.dimension, need.record_count) == (field, contacts[field].isin(tells).sum())
        assert need.record_count + need.snapshot_count == contacts[column].isin(tells).sum()
    needs = {
        "UNABLE": contacts["access"] == "UNABLE",
        "WITH_HELP": contacts["access"] == "WITH_HELP",
        "INTERPRETER_NEEDED": contacts["interpreter"] == "Y",
        "ACCESSIBLE_NEED": contacts["accessible"] == "Y",
    }
    needs["ANY_NEED"] = pd.concat(needs.values(), axis=1).any(axis=1)
    needs["NO_NEED"] = (contacts["access"] == "ABLE") & (contacts["interpreter"] == "N") & (contacts["accessible"] == "N")
    needs["NEED_NOT_KNOWN"] = ~needs["ANY_NEED"] & ~needs["NO_NEED"]
    needs["ALL"] = pd.Series(True, index=contacts.index)
    in_person, offered = contacts["mode"] == "IN_PERSON", contacts["face_to_face_offered"]
    # A source that never says whether it was offered says nothing of "in person or offered", not even where it was in person.
    collected = (offered != "").groupby([contacts["organisation"], contacts["month"]]).transform("any")
    cancelled, missing = contacts["attendance"] == "4", ~contacts["attendance"].isin(["2", "3", "4", "5", "6", "7"])
    given = ((in_person & ~cancelled & ~missing) | (offered == "Y")) & collected
    either = given | (((contacts["mode"] == "REMOTE") | (in_person & cancelled)) & (offered == "N") & collected)
    prefers = contacts["preferred_channel"].map(mode)
    for code, row in by_key(answer.rows).items():
        if code not in [(), ("1",), ("2",)]:
            continue
        of = contacts["sex"] == code[0] if code else needs["ALL"]
        groups = {group.group: group for group in row.groups}
        assert set(groups) == set(needs)
        for name, need in needs.items():
            group, here = groups[name], need & of
            cells = {cell.indicator: cell for cell in group.indicators}
            assert group.contact_count == here.sum(), (code, name)
            assert group.in_person_count == (here & in_person).sum()
            assert group.remote_count == (here & (contacts["mode"] == "REMOTE")).sum()
            main = cells["CH-05" if name in ("NO_NEED", "NEED_NOT_KNOWN", "ALL") else "CH-07"]
            assert counts(main) == ((here & given).sum(), (here & either).sum()), (code, name)
            involuntary = here & (prefers == "IN_PERSON") & (contacts["mode"] == "REMOTE")
            both = here & (prefers != "") & (contacts["mode"] != "")
            assert counts(cells["CH-08"]) == (involuntary.sum(), both.sum()), (code, name)


def test_did_not_attend_by_mode(v1, exclusion, contacts):
    answer = exclusion.GetChannelImpact(v1.GetChannelImpactRequest(query=synthetic(by=["sex"])), timeout=60).impact
    attended, missed = contacts["attendance"].isin(["5", "6"]), contacts["attendance"] == "3"
    for code, row in by_key(answer.rows).items():
        if code not in [(), ("1",), ("2",)]:
            continue
        of = contacts["sex"] == code[0] if code else pd.Series(True, index=contacts.index)
        [outcome] = [outcome for outcome in row.outcomes if outcome.indicator == "CH-09"]
        rates = []
        for name, cell in [("IN_PERSON", outcome.in_person), ("REMOTE", outcome.remote)]:
            here = of & (contacts["mode"] == name)
            assert counts(cell) == ((here & missed).sum(), (here & (missed | attended)).sum()), (code, name)
            rates.append(cell.numerator_count / cell.denominator_count)
        assert outcome.difference.value == pytest.approx(rates[1] - rates[0])
        assert outcome.difference.lower < outcome.difference.value < outcome.difference.upper


def scores_on_2021_areas():
    """Scores of LSOA 2011 on LSOA 2021: children take the parent's, merged areas the mean by mid-2020 people."""
    scores = pd.read_csv(DEMO / "deri_depahri_lsoa11_llr.csv").set_index("lsoa11_code")
    people = pd.read_csv(CODES / "lsoa.csv")
    people = people[people["edition"] == "lsoa_2011"].set_index("lsoa")["population"]
    lookup = pd.read_csv(CODES / "lsoa_lookup.csv")
    joined = lookup.join(scores, on="lsoa_2011").join(people, on="lsoa_2011")
    weighted = joined[scores.columns].mul(joined["population"], axis=0)
    sums = weighted.groupby(joined["lsoa_2021"]).sum()
    return sums.div(joined.groupby("lsoa_2021")["population"].sum(), axis=0)


def test_risk_by_ethnic_group(v1, exclusion):
    request = v1.GetAreaRiskRequest(area="QK1", by="ethnic_group_broad", high_risk_score=3.5)
    risk = exclusion.GetAreaRisk(request, timeout=60).risk
    assert risk.ecological and risk.ecological_statement and risk.score_source.not_for_targets
    census = pd.read_csv(DEMO / "ethnic_group_6b_lsoa21_llr.csv.gz")
    census = census.join(scores_on_2021_areas(), on="lsoa21_code")
    rows = {row.keys[0].code if row.keys else None: row for row in risk.rows}
    assert rows[None].person_count == census["n"].sum() == 1_122_002
    names = {"White": 812_990, "Asian": 218_684, "Black": 37_249, "Mixed": 30_175, "Other": 22_904}
    by_people = {row.person_count: row for key, row in rows.items() if key}
    for name, published in names.items():
        of = census[census["ethnic_group"].str.startswith(name)]
        assert of["n"].sum() == published
        row = by_people[published]
        mean = (of["n"] * of["deri_score_national"]).sum() / published
        assert row.mean_score == pytest.approx(mean, abs=1e-9)
        high = of.loc[of["deri_score_national"] >= 3.5, "n"].sum()
        assert row.high_risk_person_count == high
        assert row.high_risk_share == pytest.approx(high / published)
        broadband = (of["n"] * of["broadband_comp_national"]).sum() / published
        components = {component.indicator: component.mean_score for component in row.components}
        assert components["DX-10-BROADBAND"] == pytest.approx(broadband, abs=1e-9)


def test_internet_use_by_age_and_sex(v1, exclusion):
    query = {"collection": "synthetic-llr", "area": "QK1", "period": {"first": "2018"}, "by": ["age_band", "sex"]}
    request = v1.GetDigitalExclusionBreakdownRequest(query=query, estimate_collections=["ons-internet-users"])
    found = exclusion.GetDigitalExclusionBreakdown(request, timeout=60).breakdown.estimates
    ons = pd.read_csv(DEMO / "internet_users_2012_2018.csv", dtype=str, keep_default_na=False)
    others = ["Disability status", "Ethnicity", "Ethnic group", "Employment status", "Region", "Local Authority"]
    ons = ons[(ons["Year"] == "2018") & (ons[others] == "").all(axis=1) & (ons["Age"] != "") & (ons["Sex"] != "")]
    assert sorted(round(one.record.value * 100, 6) for one in found) == sorted(ons["Value"].astype(float))
    told = {tuple(sorted((key.dimension, key.code) for key in one.record.keys)): one for one in found}
    men, women = (told[("age_band", "75+"), ("sex", sex)] for sex in ("1", "2"))
    assert (men.record.value, women.record.value) == (pytest.approx(0.513), pytest.approx(0.376))
    assert men.source.publisher == "Office for National Statistics" and men.record.area == "K02000001"
    assert json.dumps(men.source.licence).count("Open Government Licence")
