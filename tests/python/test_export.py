"""Exported files, read back by the tools of a data platform: Polars and DuckDB say what the unary call says."""

import json
import os
import pathlib
import subprocess

import duckdb
import polars as pl
import pytest

import gpad
import recount

MONTHS = [f"2020-{month:02}" for month in range(1, 13)]
PLACES = ["03W", "04C", "04V"]


def export(address, file, *asked):
    binary = pathlib.Path(os.environ.get("EQUITY_TARGET", gpad.ROOT / "target")) / "release" / "equity"
    command = [binary, "export", "channels", *asked, "--service", f"http://{address}", "--output", file]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    return file


@pytest.fixture(scope="module")
def exported(address, receipts, tmp_path_factory):
    """The bundled data by sub-ICB location and month, in both kinds of files."""
    folder = tmp_path_factory.mktemp("export")
    files = {kind: folder / f"channels.{kind}" for kind in ("csv", "parquet")}
    asked = ["--area", "QK1", "--area-types", "sub_icb", "--from", MONTHS[0], "--to", MONTHS[-1], "--step", "month"]
    for file in files.values():
        export(address, file, *asked, "--by", "staff_type")
    assert sorted(folder.iterdir()) == sorted(files.values()), "something was left beside the files"
    return files


@pytest.fixture(scope="module")
def unary(channels):
    """(area, month, staff type or empty, column) to count and share, from the unary call."""
    return {
        (area, month, *(key or (None,)), id): (cell.numerator_count, cell.value if cell.HasField("value") else None)
        for area in PLACES
        for month in MONTHS
        for key, row in recount.cells(channels(month, area=area, by=["staff_type"])).items()
        for id, cell in row.items()
    }


def read(file):
    if file.suffix == ".csv":
        frame = pl.read_csv(file, infer_schema_length=None, schema_overrides={"value": pl.Float64, "area": pl.String})
        days = [name for name in ("period_start", "period_end") if name in frame.columns]
        return frame.with_columns(pl.col(days).str.to_date())
    return pl.read_parquet(file)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_polars_reads_the_cells_of_the_unary_call(exported, unary, kind):
    frame = read(exported[kind])
    assert set(frame["indicator"]) == {"CH-01", "CONTACTS"}
    assert frame["position"].n_unique() == 1
    key = ["area", "first_month", "key_1_code"]
    found = {tuple(of): (count, value) for *of, count, value in frame.select([*key, "column", "numerator_count", "value"]).iter_rows()}
    assert len(found) == frame.height
    assert found == unary
    whole = frame.filter(pl.col("unit") == "COUNT")
    parts = frame.filter(pl.col("unit") == "RATIO")
    assert set(parts["column"]) == {f"CH-01/{code}" for code in parts["group_1_code"]}
    assert whole["group_1_code"].null_count() == whole.height
    sums = parts.group_by(key).agg(pl.col("numerator_count").sum().alias("sum"))
    both = whole.select([*key, "numerator_count"]).join(sums, on=key, nulls_equal=True, how="full")
    assert both.height == whole.height and both["numerator_count"].equals(both["sum"].rename("numerator_count"))
    missing = frame.filter(pl.col("value").is_null())
    assert missing.height > 0 and set(missing["absence_reason"]) == {"NOT_COMPUTABLE"}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_duckdb_adds_up_to_the_published_totals(exported, unary, table, kind):
    sums = dict(
        duckdb.sql(
            f"select area || ' ' || first_month, sum(numerator_count)::bigint from '{exported[kind]}' "
            "where key_1_code is null and unit = 'RATIO' group by all"
        ).fetchall()
    )
    published = table[table["month"].isin(MONTHS)].groupby(["organisation", "month"])["count"].sum()
    assert sums == {f"{organisation} {month}": count for (organisation, month), count in published.items()}
    totals = [count for (*_, key, id), (count, _) in unary.items() if key is None and id != "CONTACTS"]
    assert sum(sums.values()) == sum(totals)


def test_parquet_has_real_types_and_says_what_it_holds(exported):
    schema = pl.read_parquet_schema(exported["parquet"])
    types = {"area": pl.String, "value": pl.Float64, "numerator_count": pl.Int64, "ecological": pl.Boolean}
    types |= {"period_start": pl.Date, "period_end": pl.Date}
    types |= {"not_collected_count": pl.Int64, "series": pl.String, "series_break": pl.Boolean, "base": pl.String}
    types |= {"confidence_level": pl.Float64, "conditions": pl.String, "month_count": pl.Int64, "notes": pl.String}
    types |= {"weight": pl.Float64, "statement": pl.String, "column": pl.String, "outside_count": pl.Int64}
    assert {name: schema[name] for name in types} == types
    assert list(schema) == read(exported["csv"]).columns
    rows = duckdb.sql(f"select key, value from parquet_kv_metadata('{exported['parquet']}')").fetchall()
    metadata = {key.decode(): value.decode() for key, value in rows}
    indicators = {one["id"]: one for one in json.loads(metadata["equity.indicators"])}
    assert indicators["CH-01"]["unit"] == "UNIT_RATIO" and indicators["CH-01"]["denominator"]
    assert [column["name"] for column in json.loads(metadata["equity.columns"])] == list(schema)
    assert json.loads(metadata["equity.request"])["question"]["channels"]["query"]["area"] == "QK1"
    assert any("Open Government Licence" in text for text in json.loads(metadata["equity.provenance"]))
    assert json.loads(metadata["equity.statements"]) == [], "channels say nothing about areas as such"
    assert int(metadata["equity.position"]) == pl.read_parquet(exported["parquet"])["position"][0]


QUESTIONS = {
    "as it is": [],
    "attended": ["--measure", "attended"],
    "all": ["--denominator", "all"],
    "same day": ["--where", "lead_time=SAME_DAY"],
    "0.998": ["--confidence", "0.998"],
    "04C": [],
    "03W": [],
}


def test_files_of_different_questions_can_stand_one_below_the_other(address, receipts, tmp_path):
    """Face to face in April 2020, asked in seven ways: what was asked tells the rows apart, with the tools of a data platform."""
    for number, (name, asked) in enumerate(QUESTIONS.items()):
        place = ["--organisation", name] if name in PLACES else ["--area", "QK1"]
        export(address, tmp_path / f"{number}.parquet", *place, "--from", "2020-04", *asked)
    asked = "measure, denominator, confidence_level, conditions, organisation"
    rows = duckdb.sql(
        f"select table_name, {asked}, any_value(numerator_count) n from '{tmp_path}/*.parquet' "
        "where \"column\" = 'CH-01/FACE_TO_FACE' group by all"
    ).fetchall()
    assert len(rows) == len(QUESTIONS)
    found = {row[1:-1]: row[-1] for row in rows}
    assert found["CONTACTS", "KNOWN_ONLY", 0.95, None, None] == 212_251
    assert found["ATTENDED_CONTACTS", "KNOWN_ONLY", 0.95, None, None] == 173_255
    assert found["CONTACTS", "ALL", 0.95, None, None] == found["CONTACTS", "KNOWN_ONLY", 0.998, None, None] == 212_251
    assert 0 < found["CONTACTS", "KNOWN_ONLY", 0.95, "lead_time=SAME_DAY", None] < 212_251
    parts = [found["CONTACTS", "KNOWN_ONLY", 0.95, None, place] for place in ("04C", "03W")]
    assert all(parts) and sum(parts) < 212_251


def test_a_year_that_is_not_whole_says_so(address, receipts, tmp_path):
    asked = ["--area", "QK1", "--from", "2019/20", "--to", "2020/21", "--step", "financial-year"]
    frame = pl.read_parquet(export(address, tmp_path / "years.parquet", *asked))
    columns = ["first_month", "month_count", "expected_month_count", "submission_count"]
    years = frame.select(columns).unique().sort("first_month").rows()
    assert years == [("2019-04", 12, 12, 36), ("2020-04", 9, 12, 27)]
    assert all("3 of 12" in note for note in frame.filter(pl.col("first_month") == "2020-04")["notes"])
    quality = frame.filter(pl.col("unit") == "RATIO").select("coverage_ratio", "unknown_ratio")
    assert quality.height > 0 and quality.null_count().row(0) == (0, 0)


def test_csv_and_parquet_are_the_same_table(exported):
    left, right = read(exported["csv"]), read(exported["parquet"])
    assert left.select(right.columns).cast(right.schema).equals(right)
