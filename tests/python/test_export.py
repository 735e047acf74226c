"""Exported files, read back by the tools of a data platform: Polars and DuckDB say what the unary call says."""

import json
import os
import pathlib
import subprocess

import duckdb
import polars as pl
import pytest

import gpad

MONTHS = [f"2020-{month:02}" for month in range(1, 13)]
PLACES = ["03W", "04C", "04V"]


@pytest.fixture(scope="module")
def exported(address, receipts, tmp_path_factory):
    """The bundled data by sub-ICB location and month, in both kinds of files."""
    folder = tmp_path_factory.mktemp("export")
    binary = pathlib.Path(os.environ.get("EQUITY_TARGET", gpad.ROOT / "target")) / "release" / "equity"
    files = {kind: folder / f"channels.{kind}" for kind in ("csv", "parquet")}
    for file in files.values():
        command = [
            binary, "export", "channels", "--area", "QK1", "--area-types", "sub_icb", "--from", MONTHS[0], "--to", MONTHS[-1],
            "--step", "month", "--by", "staff_type", "--service", f"http://{address}", "--output", file,
        ]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stderr
    assert sorted(folder.iterdir()) == sorted(files.values()), "something was left beside the files"
    return files


@pytest.fixture(scope="module")
def unary(v1, ask):
    """(area, month, staff type or empty, channel) to (count, share), from the unary call."""
    cells = {}
    for area in PLACES:
        for month in MONTHS:
            for row in ask(month, area=area, by=["staff_type"]).rows:
                for cell in row.channels:
                    share = cell.estimate.share.value if cell.estimate.HasField("share") else None
                    key = row.keys[0].code if row.keys else None
                    cells[area, month, key, cell.channel] = (cell.estimate.count, share)
    return cells


def read(file):
    if file.suffix == ".csv":
        return pl.read_csv(file, infer_schema_length=None, schema_overrides={"value": pl.Float64, "area": pl.String})
    return pl.read_parquet(file)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_polars_reads_the_cells_of_the_unary_call(exported, unary, kind):
    frame = read(exported[kind])
    assert set(frame["indicator"]) == {"CH-01"} and set(frame["unit"]) == {"RATIO"}
    assert frame["position"].n_unique() == 1
    columns = ["area", "first_month", "key_1_code", "group", "numerator_count", "value"]
    found = {(a, m, k, g): (n, v) for a, m, k, g, n, v in frame.select(columns).iter_rows()}
    assert len(found) == frame.height
    assert found == unary
    missing = frame.filter(pl.col("value").is_null())
    assert missing.height > 0 and set(missing["absence_reason"]) == {"NOT_COMPUTABLE"}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_duckdb_adds_up_to_the_published_totals(exported, unary, table, kind):
    sums = dict(
        duckdb.sql(
            f"select area || ' ' || first_month, sum(numerator_count)::bigint from '{exported[kind]}' "
            "where key_1_code is null group by all"
        ).fetchall()
    )
    published = table[table["month"].isin(MONTHS)].groupby(["organisation", "month"])["count"].sum()
    assert sums == {f"{organisation} {month}": count for (organisation, month), count in published.items()}
    assert sum(sums.values()) == sum(count for (_, _, key, _), (count, _) in unary.items() if key is None)


def test_parquet_has_real_types_and_says_what_it_holds(exported):
    schema = pl.read_parquet_schema(exported["parquet"])
    types = {"area": pl.String, "value": pl.Float64, "numerator_count": pl.Int64, "ecological": pl.Boolean}
    types |= {"not_collected_count": pl.Int64, "series": pl.String, "series_break": pl.Boolean, "base": pl.String}
    types |= {"weight": pl.Float64, "statement": pl.String, "threshold": pl.Float64}
    assert {name: schema[name] for name in types} == types
    assert list(schema) == read(exported["csv"]).columns
    rows = duckdb.sql(f"select key, value from parquet_kv_metadata('{exported['parquet']}')").fetchall()
    metadata = {key.decode(): value.decode() for key, value in rows}
    indicators = {one["id"]: one for one in json.loads(metadata["equity.indicators"])}
    assert indicators["CH-01"]["unit"] == "RATIO" and indicators["CH-01"]["denominator"]
    assert [column["name"] for column in json.loads(metadata["equity.columns"])] == list(schema)
    assert json.loads(metadata["equity.request"])["channels"]["query"]["area"] == "QK1"
    assert any("Open Government Licence" in text for text in json.loads(metadata["equity.provenance"]))
    assert json.loads(metadata["equity.statements"]) == [], "channels say nothing about areas as such"
    assert int(metadata["equity.position"]) == pl.read_parquet(exported["parquet"])["position"][0]


def test_csv_and_parquet_are_the_same_table(exported):
    left, right = read(exported["csv"]), read(exported["parquet"])
    assert left.select(right.columns).cast(right.schema).equals(right)
