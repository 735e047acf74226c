"""Area risk: scores of small areas brought to the people of the census tables, recomputed with pandas."""

import pandas as pd
import pytest

import gpad
import recount

COMPONENTS = {
    "DX-10-BROADBAND": "broadband_comp_national", "DX-10-DEMOGRAPHY": "demography_comp_national",
    "DX-10-DEPRIVATION": "deprivation_comp_national", "DX-10-HEALTH-ACCESS": "health_access_comp_national",
}
DERI = [name for name in COMPONENTS if name != "DX-10-HEALTH-ACCESS"]
# Column of each score, and what it is made of.
SCORES = {
    "DX-10": ("deri_score_national", DERI), "DX-10-DEPAHRI": ("depahri_score_national", list(COMPONENTS)),
    "DX-10-BROADBAND": ("broadband_comp_national", []),
}
# Areas, and the column in which their small areas carry which codes.
AREAS = {
    "QK1": ("sub_icb", ["03W", "04C", "04V"]), "04C": ("sub_icb", ["04C"]), "E06000017": ("district", ["E06000017"]),
    "E10000018": ("district", [f"E07000{number}" for number in range(129, 136)]),
}
TABLES = {
    "ethnic_group_broad": (
        "ethnic_group_6b_lsoa21_llr.csv.gz", "ethnic_group",
        {
            "White": "white", "Asian, Asian British or Asian Welsh": "asian", "Mixed or Multiple ethnic groups": "mixed",
            "Black, Black British, Black Welsh, Caribbean or African": "black", "Other ethnic group": "other",
        },
    ),
    "disability": (
        "disability_lsoa21_llr.csv.gz", "disability",
        # The census says that there is a disability, not of which kind.
        {"Disabled under the Equality Act": "ANY COARSER", "Not disabled under the Equality Act": "NONE"},
    ),
    "religion_census_2021": (
        "religion_lsoa21_llr.csv.gz", "religion",
        {
            "No religion": "L", "Christian": "C", "Buddhist": "B", "Hindu": "D", "Jewish": "F", "Muslim": "G", "Sikh": "I",
            "Other religion": "OTHER_RELIGION", "Not answered": "NOT_STATED",
        },
    ),
}


@pytest.fixture(scope="module")
def scores():
    """Scores of LSOA 2011 on LSOA 2021: children take the parent's, merged areas the mean by mid-2020 people."""
    scores = pd.read_csv(gpad.DEMO / "deri_depahri_lsoa11_llr.csv").set_index("lsoa11_code")
    people = pd.read_csv(gpad.DEMO / "mid2020_population_single_year_lsoa11_llr.csv.gz").set_index("lsoa11_code")["total_population"]
    lookup = pd.read_csv(recount.CODES / "lsoa_lookup.csv.gz")
    lookup = lookup[lookup["lsoa_2011"].isin(scores.index)]
    assert {"S", "M"} < set(lookup["change"])
    joined = lookup.join(scores, on="lsoa_2011").join(people, on="lsoa_2011")
    sums = joined[scores.columns].mul(joined["total_population"], axis=0).groupby(joined["lsoa_2021"]).sum()
    return sums.div(joined.groupby("lsoa_2021")["total_population"].sum(), axis=0)


@pytest.fixture(scope="module")
def risk(ask, published):
    def risk(**asked):
        found = ask("risk", **asked)
        parameters = {one.name: one.value for one in found.context.parameters}
        assert parameters["indicator"] == asked.get("indicator", "DX-10")
        assert float(parameters["high_risk_score"]) == asked.get("high_risk_score", 5)
        assert found.context.ecological and found.context.statements and found.context.sources[0].not_for_targets
        assert all(column.not_for_targets for column in found.columns)
        return recount.cells(found)

    return risk


def assert_figures(row, people, scores, indicator, high):
    """`people` by small area; those where nobody lives are no area of the row."""
    people = people[people > 0]
    everybody, (column, components) = people.sum(), SCORES[indicator]
    score = scores[column].loc[people.index]
    # Nobody lives in an area without a score.
    of_people = (None, everybody, 0, None, None)

    def is_mean(id, value, counts=of_people):
        assert recount.counts(row[id]) == counts, id
        recount.assert_figure(row[id], (value,), id)

    assert set(row) == {"PEOPLE", indicator, f"{indicator}/UNWEIGHTED", "DX-11", *components}
    recount.assert_count(row["PEOPLE"], everybody)
    is_mean(indicator, (people * score).sum() / everybody)
    is_mean(f"{indicator}/UNWEIGHTED", score.mean(), (None, len(people), None, None, None))
    at_risk = people[score >= high].sum()
    is_mean("DX-11", at_risk / everybody, (at_risk, *of_people[1:]))
    for name in components:
        is_mean(name, (people * scores[COMPONENTS[name]].loc[people.index]).sum() / everybody)


@pytest.mark.parametrize("indicator", SCORES)
@pytest.mark.parametrize("by", TABLES)
def test_risk_by_what_the_census_counts(risk, scores, by, indicator):
    file, label, codes = TABLES[by]
    census = pd.read_csv(gpad.DEMO / file)
    for area, (part, within) in AREAS.items():
        small_areas = recount.small_areas("lsoa_2021")
        own = census[census["lsoa21_code"].map(small_areas[part]).isin(within)]
        rows = risk(area=area, indicator=indicator, by=[by], high_risk_score=3.5)
        of_group = {name: of.set_index("lsoa21_code")["n"] for name, of in own.groupby(label)}
        groups = {(code,): of_group[name] for name in codes for code in codes[name].split()}
        groups[()] = own.groupby("lsoa21_code")["n"].sum()
        assert set(rows) == set(groups) and set(of_group) == set(codes)
        for key, people in groups.items():
            assert_figures(rows[key], people, scores, indicator, 3.5)


def test_census_tables_have_their_own_totals(risk):
    totals = {by: risk(area="QK1", by=[by])[()]["PEOPLE"].value for by in TABLES}
    published = {by: pd.read_csv(gpad.DEMO / file)["n"].sum() for by, (file, *_) in TABLES.items()}
    assert totals == published and len(set(totals.values())) > 1


def test_risk_by_district_and_quintile_of_2025(risk, scores):
    file, *_ = TABLES["ethnic_group_broad"]
    people = pd.read_csv(gpad.DEMO / file).groupby("lsoa21_code")["n"].sum()
    small_areas = recount.small_areas("lsoa_2021").loc[people.index]
    fifths = ((small_areas["imd_decile"] + 1) // 2).map("imd_2025:q{}".format)
    for by, of in [("residence_district", small_areas["district"]), ("imd2025_quintile", fifths)]:
        rows = risk(area="QK1", by=[by], collection="census-2021-ethnic-group", high_risk_score=3.5)
        assert set(rows) == {(), *((code,) for code in of.unique())}
        for code in of.unique():
            assert_figures(rows[code,], people[of == code], scores, "DX-10", 3.5)


def test_mean_score_by_quintile_of_2019_is_the_published_one(risk):
    rows = risk(area="QK1", by=["imd2019_quintile"], collection="ons-mid-2020")
    means = [round(rows[f"imd_2019:q{fifth}",]["DX-10/UNWEIGHTED"].value, 4) for fifth in range(1, 6)]
    assert means == [3.7931, 3.1898, 2.9308, 2.8020, 2.5073]
