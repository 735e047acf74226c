"""The totals of the bundled data: as published, and recomputed from the CSV with pandas."""

import contextlib
import io
import pathlib

import pytest

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


def figures(row):
    """A row's counts in the order of the published tables, and its total."""
    counts = {cell.channel: cell.estimate.count for cell in row.channels}
    assert set(counts) <= set(ORDER), f"a channel that was never submitted: {counts}"
    return (*(counts.get(channel, 0) for channel in ORDER), row.total_count)


def by_key(breakdown):
    """Key code(s) to figures, the total under `None`."""
    rows = {}
    for row in breakdown.rows:
        codes = tuple(key.code for key in row.keys)
        key = None if not codes else codes[0] if len(codes) == 1 else codes
        assert key not in rows, f"{key} twice"
        rows[key] = figures(row)
    return rows


def recomputed(table, columns):
    """The same from the CSV."""
    pivot = table.pivot_table(index=columns, columns="channel", values="count", aggfunc="sum", fill_value=0)
    pivot = pivot.reindex(columns=ORDER, fill_value=0)
    return {key: (*map(int, row), int(row.sum())) for key, row in zip(pivot.index, pivot.to_numpy())}


def test_the_csv_is_the_published_one(table):
    assert len(table) == 11_756
    assert int(table["count"].sum()) == 11_116_298


def test_april_2020(ask):
    assert by_key(ask("2020-04")) == {None: BY_MONTH["2020-04"]}


def test_april_2020_attended(ask):
    [row] = ask("2020-04", measure="MEASURE_ATTENDED_CONTACTS").rows
    assert figures(row)[0] == 173_255


def test_all_months_together(ask):
    assert by_key(ask(FIRST, LAST)) == {None: WHOLE_FILE}


@pytest.mark.parametrize(
    "dimension, published",
    [("organisation", BY_ORGANISATION), ("attendance", BY_ATTENDANCE), ("staff_type", BY_STAFF)],
)
def test_the_whole_file_by(ask, table, dimension, published):
    rows = by_key(ask(FIRST, LAST, by=[dimension]))
    assert rows.pop(None) == WHOLE_FILE
    assert rows == published
    assert rows == recomputed(table, dimension)


def test_every_month(ask, table):
    rows = by_key(ask(FIRST, LAST, by=["month"]))
    assert rows.pop(None) == WHOLE_FILE
    assert {month: rows[month] for month in BY_MONTH} == BY_MONTH
    assert rows == recomputed(table, "month")
    assert list(rows) == sorted(rows), "months in order"


@pytest.mark.parametrize(
    "crossing",
    [["month", "organisation"], ["organisation", "attendance", "staff_type"], ["month", "attendance", "lead_time"]],
    ids=" by ".join,
)
def test_crossings(ask, table, crossing):
    rows = by_key(ask(FIRST, LAST, by=crossing))
    assert rows.pop(None) == WHOLE_FILE
    # A combination without a row counted zero.
    assert {key: row for key, row in rows.items() if row[-1]} == recomputed(table, crossing)


def test_lead_times(v1, channel, receipts, table):
    request = v1.GetAccessOutcomesRequest(query={"area": "QK1", "period": {"first": "2020-04"}})
    outcomes = v1.ConsultationChannelServiceStub(channel).GetAccessOutcomes(request, timeout=60).outcomes
    cells = {cell.channel: cell for cell in outcomes.rows[0].channels}
    april = table[table["month"] == "2020-04"]
    for name, rows in [("ALL", april), *april.groupby("channel")]:
        cell = cells[name]
        assert cell.total_count == rows["count"].sum()
        attendance = rows.groupby("attendance")["count"].sum()
        attended, missed = attendance.get("ATTENDED", 0), attendance.get("MISSED", 0)
        assert (cell.attended_count, cell.did_not_attend_count) == (attended, missed)
        assert cell.did_not_attend_rate.value == pytest.approx(missed / (attended + missed), abs=1e-12)
        waits = rows.groupby("lead_time")["count"].sum().to_dict()
        assert cell.unknown_lead_time_count == waits.pop("NOT_KNOWN", 0)
        assert {band.band: band.count for band in cell.lead_times if band.count} == waits
        known = sum(waits.values())
        over_14 = sum(waits.get(band, 0) for band in ["15_TO_21_DAYS", "22_TO_28_DAYS", "OVER_28_DAYS"])
        assert cell.same_day_share.value == pytest.approx(waits.get("SAME_DAY", 0) / known, abs=1e-12)
        assert cell.over_14_days_share.value == pytest.approx(over_14 / known, abs=1e-12)


def test_shares_say_what_they_are_shares_of(ask):
    [known] = ask("2020-04").rows
    [everyone] = ask("2020-04", denominator="DENOMINATOR_ALL").rows
    assert (known.base_count, everyone.base_count) == (361_905 - 17_106, 361_905)
    for row in (known, everyone):
        assert row.unknown_channel_count == 17_106
        for cell in row.channels:
            if cell.channel == "NOT_KNOWN" and row is known:
                assert not cell.estimate.HasField("share")
                continue
            share = cell.estimate.share
            assert share.value == pytest.approx(cell.estimate.count / row.base_count, abs=1e-12)
            assert 0 <= share.lower <= share.value <= share.upper <= 1


def test_an_answer_says_where_it_comes_from(ask):
    context = ask("2020-04").context
    assert context.collection == "gpad-regional"
    assert (context.organisation_count, context.expected_organisation_count) == (3, 3)
    assert "Open Government Licence" in context.provenance
    assert context.data_class == 1 and context.openness == 2, "real and open"


def test_a_place_says_what_cannot_be_attributed_to_it(ask, table):
    breakdown = ask("2020-04", area="E06000016")
    april = table[table["month"] == "2020-04"].groupby("organisation")["count"].sum()
    assert breakdown.rows[0].total_count == april["04C"]
    assert breakdown.context.unattributed.count == april["03W"]
    assert "03W" in breakdown.context.unattributed.detail


def test_the_five_lines_of_the_readme(v1, address, receipts):
    code = (pathlib.Path(__file__).parent / "five_lines.py").read_text()
    assert "localhost:7443" in code and len(code.splitlines()) == 5
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code.replace("localhost:7443", address), "five_lines.py", "exec"), {})
    lines = printed.getvalue().splitlines()
    assert "FACE_TO_FACE 212251" in lines
    assert "TELEPHONE 130728" in lines
