"""How a published score of small areas falls on the people who live there, by a characteristic that the census counts by small area."""

from .codes import CODES, ROOT

DEMO = ROOT / "deploy" / "demo"
COMPONENTS = {"DX-10-BROADBAND": "broadband_comp_national", "DX-10-DEMOGRAPHY": "demography_comp_national",
              "DX-10-DEPRIVATION": "deprivation_comp_national"}
SCORES = {"score": "deri_score_national", **COMPONENTS}
GROUPS = {"No religion": "L", "Christian": "C", "Buddhist": "B", "Hindu": "D", "Jewish": "F", "Muslim": "G", "Sikh": "I",
          "Other religion": "OTHER_RELIGION", "Not answered": "NOT_STATED"}
WITHOUT_COUNTS = set()


def load(db):
    """The published files, and the look-up of small areas."""
    for name, file in [("scores", DEMO / "deri_depahri_lsoa11_llr.csv"), ("census", DEMO / "religion_lsoa21_llr.csv.gz"),
                       ("people_2020", DEMO / "mid2020_population_single_year_lsoa11_llr.csv.gz"),
                       ("look_up", CODES / "lsoa_lookup.csv.gz"), ("small_areas", CODES / "lsoa.csv.gz")]:
        db.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{file}')")


def ask(db, top_share):
    """Scores of 2011 on areas of 2021, weighted by the people of mid-2020; then people; then from which score an area is of high risk."""
    forward = ", ".join(f"sum({column} * total_population) / sum(total_population) AS \"{name}\"" for name, column in SCORES.items())
    means = ", ".join(f"sum(n * \"{name}\") / sum(n)" for name in SCORES)
    return db.execute(f"""
        WITH forward AS (
            SELECT lsoa_2021 AS area, {forward} FROM look_up JOIN scores ON lsoa11_code = lsoa_2011
            JOIN people_2020 USING (lsoa11_code) GROUP BY ALL),
        inside AS (SELECT lsoa AS area FROM small_areas WHERE edition = 'lsoa_2021' AND sub_icb IN ('03W', '04C', '04V')),
        people AS MATERIALIZED (
            SELECT lsoa21_code AS area, religion, n, forward.* EXCLUDE area FROM census
            JOIN inside ON inside.area = lsoa21_code JOIN forward ON forward.area = lsoa21_code WHERE n > 0),
        areas AS (SELECT area, any_value(score) AS score, sum(n) AS n FROM people GROUP BY area),
        ranked AS (SELECT score, sum(n) OVER (ORDER BY score DESC) AS upto, sum(n) OVER () AS everybody FROM areas),
        high AS (SELECT max(score) AS least FROM ranked WHERE upto >= {top_share} * everybody)
        SELECT religion, sum(n), count(*), avg(score), coalesce(sum(n) FILTER (score >= least), 0), {means}
        FROM people, high GROUP BY religion
        UNION ALL
        SELECT NULL, sum(n), count(*), avg(score), coalesce(sum(n) FILTER (score >= least), 0), {means}
        FROM (SELECT any_value(COLUMNS(* EXCLUDE (area, religion, n))), sum(n) AS n FROM people GROUP BY area), high""").fetchall()


def cells(rows):
    found = {}
    for religion, people, areas, unweighted, at_risk, mean, *components in rows:
        of_people = [None, people, 0, None, None]
        found[() if religion is None else (GROUPS[religion],)] = {
            "PEOPLE": [people], "DX-10": [*of_people, mean], "DX-10/UNWEIGHTED": [None, areas, None, None, None, unweighted],
            "DX-11": [at_risk, people, 0, None, None, at_risk / people],
            **{name: [*of_people, value] for name, value in zip(COMPONENTS, components)},
        }
    return found
