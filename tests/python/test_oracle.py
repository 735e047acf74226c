"""The totals of the bundled data: as published, and recomputed from the CSV with pandas."""

import contextlib
import io
import pathlib

import pandas
import pytest

import gpad
import recount

FIRST, LAST = "2019-03", "2020-12"
ORDER = ["FACE_TO_FACE", "HOME_VISIT", "TELEPHONE", "NOT_KNOWN", "ONLINE_UNSPECIFIED"]

# Face-to-Face, Home Visit, Telephone, Unknown, Video/Online, all.
BY_MONTH = {
    "2019-03": (449_395, 1_404, 63_417, 22_530, 6_663, 543_409),
    "2019-10": (521_884, 986, 58_763, 33_151, 9_398, 624_182),
    "2020-02": (416_811, 899, 52_640, 23_112, 8_996, 502_458),
    "2020-04": (212_251, 313, 130_728, 17_106, 1_507, 361_905),
    "2020-06": (249_774, 673, 171_904, 24_367, 4_592, 451_310),
    "2020-12": (293_865, 999, 151_073, 27_757, 6_819, 480_513),
}
WHOLE_FILE = (8_200_352, 18_391, 2_193_650, 551_408, 152_497, 11_116_298)
BY_ORGANISATION = {
    "03W": (2_663_687, 9_268, 652_987, 134_878, 53_178, 3_513_998),
    "04C": (2_584_671, 4_166, 738_278, 290_090, 68_557, 3_685_762),
    "04V": (2_951_994, 4_957, 802_385, 126_440, 30_762, 3_916_538),
}
BY_ATTENDANCE = {
    "ATTENDED": (7_298_274, 13_422, 2_091_501, 494_897, 137_437, 10_035_531),
    "MISSED": (414_716, 483, 12_399, 19_717, 7_755, 455_070),
    "NOT_KNOWN": (487_362, 4_486, 89_750, 36_794, 7_305, 625_697),
}
BY_STAFF = {
    "GP": (3_676_090, 4_477, 1_680_571, 44_665, 109_600, 5_515_403),
    "OTHER_PRACTICE_STAFF": (4_522_898, 10_437, 509_576, 29_663, 42_897, 5_115_471),
    "NOT_KNOWN": (1_364, 3_477, 3_503, 477_080, 0, 485_424),
}


def figures(row, measure="CONTACTS"):
    """A row's counts in the order of the published tables, and its total."""
    counts = {id.removeprefix("CH-01/"): cell.numerator_count for id, cell in row.items() if id != measure}
    assert set(counts) <= set(ORDER), f"a channel that was never submitted: {counts}"
    return (*(counts.get(channel, 0) for channel in ORDER), row[measure].numerator_count)


def by_key(breakdown):
    """Key code(s) to figures, the total under `None`."""
    rows = recount.cells(breakdown).items()
    return {None if not codes else codes[0] if len(codes) == 1 else codes: figures(row) for codes, row in rows}


def recomputed(table, columns):
    """The same from the CSV."""
    pivot = table.pivot_table(index=columns, columns="channel", values="count", aggfunc="sum", fill_value=0)
    pivot = pivot.reindex(columns=ORDER, fill_value=0)
    return {key: (*map(int, row), int(row.sum())) for key, row in zip(pivot.index, pivot.to_numpy())}


def test_the_csv_is_the_published_one(table):
    assert len(table) == 11_756
    assert int(table["count"].sum()) == 11_116_298


def test_april_2020(channels):
    assert by_key(channels("2020-04")) == {None: BY_MONTH["2020-04"]}


def test_april_2020_attended(channels):
    [row] = recount.cells(channels("2020-04", measure="MEASURE_ATTENDED_CONTACTS")).values()
    assert figures(row, "ATTENDED_CONTACTS")[0] == 173_255


def test_all_months_together(channels):
    assert by_key(channels(FIRST, LAST)) == {None: WHOLE_FILE}


@pytest.mark.parametrize(
    "dimension, published",
    [("organisation", BY_ORGANISATION), ("attendance", BY_ATTENDANCE), ("staff_type", BY_STAFF)],
)
def test_the_whole_file_by(channels, table, dimension, published):
    rows = by_key(channels(FIRST, LAST, by=[dimension]))
    assert rows.pop(None) == WHOLE_FILE
    assert rows == published
    assert rows == recomputed(table, dimension)


def test_every_month(channels, table):
    rows = by_key(channels(FIRST, LAST, by=["month"]))
    assert rows.pop(None) == WHOLE_FILE
    assert {month: rows[month] for month in BY_MONTH} == BY_MONTH
    assert rows == recomputed(table, "month")
    assert list(rows) == sorted(rows), "months in order"


@pytest.mark.parametrize(
    "crossing",
    [["month", "organisation"], ["organisation", "attendance", "staff_type"], ["month", "attendance", "lead_time"]],
    ids=" by ".join,
)
def test_crossings(channels, table, crossing):
    rows = by_key(channels(FIRST, LAST, by=crossing))
    assert rows.pop(None) == WHOLE_FILE
    # A combination without a row counted zero.
    assert {key: row for key, row in rows.items() if row[-1]} == recomputed(table, crossing)


def test_outcomes(ask, receipts, table):
    [row] = recount.cells(ask("outcomes", area="QK1", period={"first": "2020-04"})).values()
    april = table[table["month"] == "2020-04"]
    ids = set()
    for of, rows in [("", april), *((f"/{channel}", rows) for channel, rows in april.groupby("channel"))]:
        attendance = rows.groupby("attendance")["count"].sum()
        attended, missed, other = (attendance.get(name, 0) for name in ("ATTENDED", "MISSED", "NOT_KNOWN"))
        counts = {"CONTACTS": rows["count"].sum(), "ATTENDED": attended, "OTHER_ATTENDANCE": other}
        waits = rows.groupby("lead_time")["count"].sum().to_dict()
        unknown = waits.pop("NOT_KNOWN", 0)
        known = sum(waits.values())
        over_14 = sum(waits.get(band, 0) for band in ["15_TO_21_DAYS", "22_TO_28_DAYS", "OVER_28_DAYS"])
        parts = {f"CH-11-SAME-DAY{of}": waits.get("SAME_DAY", 0), f"CH-11-OVER-14{of}": over_14}
        # A band that does not occur has no column.
        parts |= {f"CH-11{of}/{band}": count for band, count in waits.items() if count}
        for name, count in counts.items():
            recount.assert_count(row[name + of], count, name + of)
        for id, part in parts.items():
            recount.assert_share(row[id], (part, known, unknown, 0, 0), id)
        recount.assert_share(row[f"CH-09{of}"], (missed, attended + missed, other, 0, 0), of)
        ids |= {f"CH-09{of}", *parts, *(name + of for name in counts)}
    assert set(row) == ids


def test_shares_say_what_they_are_shares_of(channels):
    everyone, unknown = 361_905, 17_106
    for denominator, base, apart in [("KNOWN_ONLY", everyone - unknown, unknown), ("ALL", everyone, 0)]:
        [row] = recount.cells(channels("2020-04", denominator=f"DENOMINATOR_{denominator}")).values()
        recount.assert_count(row.pop("CONTACTS"), everyone)
        assert row["CH-01/NOT_KNOWN"].numerator_count == unknown
        if denominator == "KNOWN_ONLY":
            missing = row.pop("CH-01/NOT_KNOWN")
            assert recount.counts(missing) == (unknown, None, unknown, 0, 0)
            recount.assert_figure(missing, ())
        assert len(row) == 4 + (denominator == "ALL")
        for id, cell in row.items():
            recount.assert_share(cell, (cell.numerator_count, base, apart, 0, 0), id)
            assert 0 <= cell.lower <= cell.value <= cell.upper <= 1


def test_an_answer_says_where_it_comes_from(channels):
    context = channels("2020-04").context
    assert context.collection == "gpad-regional"
    assert (context.organisation_count, context.expected_organisation_count) == (3, 3)
    assert "Open Government Licence" in context.provenance
    assert context.data_class == 1 and context.openness == 2, "real and open"


def test_a_place_says_what_cannot_be_attributed_to_it(channels, table):
    breakdown = channels("2020-04", area="E06000016")
    april = table[table["month"] == "2020-04"].groupby("organisation")["count"].sum()
    assert recount.cells(breakdown)[()]["CONTACTS"].value == april["04C"]
    assert breakdown.context.unattributed.count == april["03W"]
    assert "03W" in breakdown.context.unattributed.detail


def test_the_ten_lines_of_the_guide(v1, address, receipts):
    code = (pathlib.Path(__file__).parent / "ten_lines.py").read_text()
    assert "localhost:7443" in code and len(code.splitlines()) == 10
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pandas.option_context("display.max_columns", None, "display.width", 1000):
        exec(compile(code.replace("localhost:7443", address), "ten_lines.py", "exec"), {})
    printed.seek(0)
    shown = pandas.read_csv(printed, sep=r"\s+", index_col=0)
    assert list(shown.index) == ["total", *(f"2020-{month:02}" for month in range(1, 13))]
    face_to_face, *_, unknown, _, everyone = BY_MONTH["2020-04"]
    assert shown["CONTACTS"]["2020-04"] == everyone
    assert shown["CH-01/FACE_TO_FACE"]["2020-04"] == pytest.approx(face_to_face / (everyone - unknown), abs=1e-5)
