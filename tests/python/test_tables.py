"""What holds of every table: the stream of an export says exactly what the cells of the answer say, columns are those that are listed,
counts add up, and who follows a table gets the same answer.
"""

import re
import uuid

import pytest

import conftest
import feed
import gpad
import recount

PLACES = ["03W", "04C", "04V"]
GPAD = {"collection": gpad.COLLECTION, "area": "QK1", "period": {"first": "2020-03", "last": "2020-04"}}
# Of these, parents are declared.
LISTED, MONTHS = {"dimension": "ethnic_category", "codes": ["A", "B"]}, {"dimension": "month", "codes": ["2020-01", "2020-02"]}
DISABLED = {"dimension": "disability", "codes": ["ANY"]}
# Questions with kinds that overlap, with missing states and with parents of what is listed.
BY = {
    "synthetic": [
        {}, {"by": ["disability", "sex"]}, {"by": ["inclusion_group"]}, {"by": ["inclusion_group", "organisation"], "where": [DISABLED]},
        {"by": ["ethnic_category"], "where": [LISTED]}, {"by": ["month"], "where": [MONTHS]},
        {"by": ["sex"], "area": "E06000016", "area_basis": "AREA_BASIS_RESIDENCE", "confidence_level": 0.998},
        {"by": ["organisation"], "area": "", "organisations": ["C82001", "C82003"]},
    ],
    "practices": [{}, {"by": ["sex", "digital_access"]}, {"by": ["organisation", "month"]}, {"area": "", "organisations": ["C82005"]}],
}
# Settings of each table besides.
SETTINGS = {
    "channels": [{"denominator": "DENOMINATOR_ALL"}, {"measure": "MEASURE_PERSONS"}, {"measure": "MEASURE_ATTENDED_CONTACTS"}],
    "outcomes": [{"late_counts_as_missed": True}],
    "exclusion": [{"indicators": ["DX-06", "DX-19"], "estimate_collections": ["-"]}],
    "provision": [{"request_met_days": 3}],
    "impact": [{"late_counts_as_missed": True}],
}
# Of these, `by` may be any dimension, or none.
ANY_ROWS = [table for table in conftest.TABLES if table not in ("risk", "timeliness", "representativeness", "restoration")]
# What the others need.
NEEDED = {"risk": {"area": "QK1"}, "representativeness": {"by": ["sex"]}}
# What those can be listed by that are not about records, or about one characteristic at a time.
LISTED_BY = {"timeliness": ["month"], "representativeness": ["sex"]}
RISK = [
    {"area": "QK1"}, {"area": "QK1", "by": ["disability"]}, {"area": "QK1", "by": ["religion_census_2021"], "high_risk_top_share": 0.2},
    {"area": "04C", "by": ["residence_district"], "collection": "census-2021-ethnic-group", "indicator": "DX-10-DEPAHRI"},
]


@pytest.fixture(scope="module")
def export(v1, channel, question):
    """Rows of an export, whole messages read one after another, and the position that it was read at."""
    stub = v1.ExportServiceStub(channel)

    def export(table, area_types=(), period_step=0, **asked):
        request = v1.ExportBreakdownsRequest(question=question(table, **asked), area_types=area_types, period_step=period_step)
        messages = list(stub.ExportBreakdowns(request, timeout=60))
        assert messages[-1].done_table_count == messages[-1].table_count
        [position] = {message.position for message in messages}
        return [row for message in messages for row in message.rows], position

    return export


@pytest.fixture(scope="module")
def everything(v1, channel, receipts, synthetic, practices, published):
    """Everything submitted, and an assessment beside it."""
    said = {"organisation": "C82001", "text": "People without a telephone wait longer.", "owner_role": "Director of Primary Care"}
    assessment = v1.ChannelAssessment(**said, first_month="2026-01", last_month="2026-02", assess_date="2026-03-02")
    request = v1.RecordChannelAssessmentRequest(assessment=assessment, request_id=str(uuid.uuid4()))
    v1.DigitalExclusionServiceStub(channel).RecordChannelAssessment(request, timeout=10)


def put(row, *messages):
    """Puts what a row of an export shares with other messages, by name, into it."""

    def kind(field):
        return field.name, field.type, field.message_type, field.is_repeated

    own = {kind(field) for field in row.DESCRIPTOR.fields}
    for message in messages:
        for field, value in message.ListFields():
            if kind(field) in own:
                row.MergeFrom(type(row)(**{field.name: value}))
    return row


def source(of):
    return ", ".join(part for part in (of.publisher, of.title, of.edition, of.licence, of.uri) if part)


def flat(v1, answer, position):
    """The rows of an answer, without the quality of what a column measures, which stands in no cell."""
    of, quality = answer.context, {one.dimension: one for one in answer.context.quality}
    words = {(one.dimension, category.code): category.label for one in answer.dimensions for category in one.categories}
    base = put(v1.ExportRow(position=position), of)
    base.provenance = "; ".join(part for part in (of.provenance, *map(source, of.sources)) if part)
    base.statement = " ".join(of.statements)
    base.conditions = ";".join(f"{one.dimension}={','.join(one.codes)}" for one in of.conditions)
    base.parameters = ";".join(f"{one.name}={one.value}" for one in of.parameters)
    if of.HasField("unattributed"):
        base.unattributed_count, base.unattributed_detail = of.unattributed.count, of.unattributed.detail

    def cell_row(column, cell, keys=(), source_table=None):
        row = put(v1.ExportRow(column=column.id, indicator_label=column.label, source_table=source_table), base, column, cell)
        row.keys.extend(keys)
        row.key_labels.extend(words.get((key.dimension, key.code), key.code.replace("_", " ").lower()) for key in keys)
        [organisation] = [key for key in keys if key.dimension == "organisation"] or [None]
        if organisation and organisation.state == v1.CategoryState.Value("CATEGORY_STATE_KNOWN"):
            row.organisation, row.organisation_name = organisation.code, words["organisation", organisation.code]
        elif not organisation and len(of.organisations) == 1:
            row.organisation, row.organisation_name = of.organisations[0].code, of.organisations[0].name
        lines = [quality[key.dimension] for key in keys if key.dimension in quality]
        for name, worst in [("coverage_ratio", min), ("unknown_ratio", max)]:
            told = [getattr(line, name) for line in lines if line.HasField(name)]
            if told:
                setattr(row, name, worst(told))
        return row

    if not answer.rows:
        return [cell_row(answer.columns[0], v1.Cell(absence=of.empty))]
    pairs = [(row, pair) for row in answer.rows for pair in zip(answer.columns, row.cells, strict=True)]
    return [cell_row(*pair, row.keys, row.source_table if row.HasField("source_table") else None) for row, pair in pairs]


def beside(v1, answer, position):
    """The rows of what stands beside an answer, as far as it says itself what stands in them."""
    for one in answer.estimates:
        record = one.record
        row = put(v1.ExportRow(table="ESTIMATES", column=record.indicator), record, one, one.source)
        row.keys.extend(v1.CategoryKey(dimension=key.dimension, code=key.code) for key in record.keys)
        row.position, row.data_position, row.provenance = position, one.position, source(one.source)
        if record.HasField("base_count"):
            row.denominator_count = record.base_count
        yield row
    for one in answer.assessments:
        row = put(v1.ExportRow(table="ASSESSMENTS", statement=one.text), one)
        row.provenance = f"{one.owner_role}, {one.assess_date}"
        row.position, row.data_position = position, one.position
        yield row


def assert_same(rows, expected):
    for row, of in zip(rows, expected):
        # Where the answer tells no quality of the keys, the row tells that of what its column measures.
        if not of.HasField("coverage_ratio") and not of.HasField("unknown_ratio"):
            assert all(0 <= getattr(row, name) <= 1 for name in ("coverage_ratio", "unknown_ratio"))
            row.ClearField("coverage_ratio")
            row.ClearField("unknown_ratio")
        assert row == of
    assert len(rows) == len(expected)


def assert_beside(rows, expected):
    """What is beside says more in an export: words, and what is known of its collection and its area."""
    more = [
        "collection", "data_class", "area_type", "key_labels", "organisation_name", "indicator_label", "unit", "ecological",
    ]
    for row, of in zip(rows, expected):
        for name in more:
            row.ClearField(name)
        if row.table == "ESTIMATES":
            row.ClearField("first_month")
            row.ClearField("last_month")
        for key in row.keys:
            key.ClearField("state")
        assert row == of
    assert len(rows) == len(expected)


def assert_exported(v1, ask, export, table, **asked):
    """A table as a whole; which states its keys have, and whether kinds overlap."""
    answer, (rows, position) = ask(table, **asked), export(table, **asked)
    cells = [row for row in rows if row.table == answer.context.table]
    assert rows[: len(cells)] == cells, "the table first"
    assert_same(cells, flat(v1, answer, position))
    assert_beside(rows[len(cells) :], list(beside(v1, answer, position)))
    overlapping = ["OVERLAPPING"] * any(one.overlapping for one in answer.dimensions)
    parents = ["PARENT" for row in answer.rows for key in row.keys if key.state == 2 and key.code != "ANY"]
    states = [v1.CategoryState.Name(key.state) for row in answer.rows for key in row.keys]
    absences = [v1.AbsenceReason.Name(cell.absence.reason) for row in answer.rows for cell in row.cells if cell.HasField("absence")]
    return {*overlapping, *parents, *states, *absences, *(row.table for row in rows[len(cells) :])}


@pytest.mark.parametrize("of", ANY_ROWS)
def test_every_cell_of_a_table(v1, ask, export, everything, of):
    seen = set()
    for name, questions in BY.items():
        for asked in questions:
            for settings in [{}, *SETTINGS.get(of, [])]:
                seen |= assert_exported(v1, ask, export, of, **{**feed.SETS[name], **asked, **settings})
    assert {"OVERLAPPING", "PARENT", "CATEGORY_STATE_ANY", "CATEGORY_STATE_NONE", "CATEGORY_STATE_NOT_RECORDED"} <= seen
    assert {"CATEGORY_STATE_NOT_COLLECTED", "ABSENCE_REASON_NOT_COMPUTABLE"} <= seen
    assert {"exclusion": "ESTIMATES", "impact": "ASSESSMENTS"}.get(of, "OVERLAPPING") in seen


def test_every_cell_of_area_risk(v1, ask, export, everything):
    seen = set()
    for asked in RISK:
        seen |= assert_exported(v1, ask, export, "risk", **asked)
    assert {"OVERLAPPING", "CATEGORY_STATE_ANY", "CATEGORY_STATE_COARSER", "CATEGORY_STATE_NOT_STATED"} <= seen


def test_rates_and_published_totals(v1, ask, export, everything):
    for asked in [{}, {"by": ["staff_type", "month"]}, {"area": "E06000016"}, {"include_rates": True}]:
        assert_exported(v1, ask, export, "channels", **{**GPAD, **asked})
    assert_exported(v1, ask, export, "outcomes", **GPAD, by=["organisation"])


@pytest.mark.parametrize("of", ANY_ROWS)
def test_every_area_and_month(v1, ask, export, everything, of):
    """Areas in order, each with its months; those without data say so, and the view has no effect."""
    about, months = feed.SETS["practices"], [*feed.MONTHS, "2026-04"]
    asked = {**about, "period": {"first": months[0], "last": months[-1]}, "view": "BREAKDOWN_VIEW_BASIC", "by": ["sex"]}
    step = v1.PeriodStep.Value("PERIOD_STEP_MONTH")
    rows, position = export(of, area_types=["sub_icb"], period_step=step, **asked)
    expected = []
    for area in PLACES:
        for month in months:
            answer = ask(of, **{**asked, "area": area, "period": {"first": month}, "view": "BREAKDOWN_VIEW_FULL"})
            expected += flat(v1, answer, position)
    cells = [row for row in rows if row.table not in ("ESTIMATES", "ASSESSMENTS")]
    assert_same(cells, expected)
    assert any(row.absence.reason == v1.AbsenceReason.Value("ABSENCE_REASON_NO_DATA") and not row.keys for row in cells)


def listed(v1, channel, question, answer):
    """The kind of each column of an answer, by its id, as they are listed."""
    tables = v1.ReferenceServiceStub(channel).ListTables(v1.ListTablesRequest(), timeout=10).tables
    [table] = [table for table in tables if table.name == answer.context.table]
    assert table.title == answer.context.title and table.rpc == ".".join(conftest.TABLES[question])
    kinds = {}
    named = {kind.indicator for kind in table.columns}
    for kind in table.columns:
        # A group is left out, with its slash, where a column is about all of the row.
        pattern = re.sub(r"/\{\w+\}", "(/[A-Za-z0-9_]+)?", kind.id).replace("{indicator}", "DX-[A-Z0-9-]+")
        for column in answer.columns:
            if re.fullmatch(pattern, column.id) and (kind.indicator or column.indicator not in named):
                kinds.setdefault(column.id, []).append(kind)
    return kinds


@pytest.mark.parametrize("of", conftest.TABLES)
def test_columns_are_those_that_are_listed(v1, channel, ask, everything, of):
    indicators = v1.ReferenceServiceStub(channel).ListIndicators(v1.ListIndicatorsRequest(page_size=1000), timeout=10).indicators
    indicators = {one.id: one for one in indicators}
    for settings in [{}, *SETTINGS.get(of, [])]:
        about = {} if of == "risk" else feed.SETS["synthetic"]
        answer = ask(of, **{**about, **NEEDED.get(of, {})}, **settings)
        kinds = listed(v1, channel, of, answer)
        assert {len(kinds.get(column.id, [])) for column in answer.columns} == {1}
        for column in answer.columns:
            [kind] = kinds[column.id]
            known = indicators.get(column.indicator, kind)
            assert column.id == "/".join([column.indicator, *(key.code for key in column.group)])
            assert column.label == known.label and len(column.group_labels) == len(column.group)
            is_difference = known.unit == v1.Unit.Value("UNIT_RATIO") and column.id.endswith("/REMOTE_LESS_IN_PERSON")
            assert column.unit == (v1.Unit.Value("UNIT_DIFFERENCE") if is_difference else known.unit), column.id
            assert kind.definition


# Of each table, the column that counts everybody whom a row, and a channel in it, is of.
WHOLE = {"channels": r"CONTACTS|ATTENDED_CONTACTS|PERSONS", "outcomes": "CONTACTS", "exclusion": "PEOPLE", "provision": "CONTACTS"}


@pytest.mark.parametrize("of", WHOLE)
def test_counts_add_up_to_everybody(ask, everything, of):
    wrong = set()
    for name, questions in BY.items():
        for settings in [{}, *SETTINGS.get(of, [])]:
            for row in recount.cells(ask(of, **{**feed.SETS[name], **questions[1], **settings})).values():
                [everybody] = [row[id].numerator_count for id in row if re.fullmatch(WHOLE[of], id)]
                for id, cell in row.items():
                    _, *four = recount.counts(cell)
                    channel = re.fullmatch(r"[A-Z0-9-]+/([A-Z_]+)(/.+)?", id) if of == "outcomes" else None
                    whole = row[f"CONTACTS/{channel[1]}"].numerator_count if channel and f"CONTACTS/{channel[1]}" in row else everybody
                    if None not in four and sum(four) != whole:
                        wrong.add(id)
    assert not wrong


@pytest.mark.parametrize("of", conftest.TABLES)
def test_who_follows_a_table_gets_the_answer(v1, channel, ask, question, everything, of):
    asked = {"area": "QK1"} if of == "risk" else {**feed.SETS["practices"], "by": LISTED_BY.get(of, ["sex"])}
    call = v1.BreakdownServiceStub(channel).WatchBreakdown(v1.WatchBreakdownRequest(question=question(of, **asked)), timeout=30)
    first = next(call)
    call.cancel()
    assert first.breakdown == ask(of, **asked) and first.position >= first.breakdown.context.data_position > 0


@pytest.mark.parametrize("of", conftest.TABLES)
def test_the_basic_view_lacks_words_and_limits_alone(ask, everything, of):
    by = LISTED_BY.get(of, ["disability", "sex"])
    asked = {"area": "QK1", "by": ["ethnic_group_broad"]} if of == "risk" else {**feed.SETS["synthetic"], "by": by}
    basic, full = ask(of, **asked, view="BREAKDOWN_VIEW_BASIC"), ask(of, **asked)
    assert all(column.label for column in full.columns) and all(one.label and one.categories for one in full.dimensions)
    words = {"label", "group_labels", "direction", "categories", "lower", "upper", "sentence"}
    for column in basic.columns:
        assert not any(column.group_labels)
        column.ClearField("group_labels")
    for one in [*full.columns, *full.dimensions, *full.rows, *(cell for row in full.rows for cell in row.cells)]:
        for name in words & {field.name for field in one.DESCRIPTOR.fields}:
            one.ClearField(name)
    assert [*basic.columns] == [*full.columns] and [*basic.dimensions] == [*full.dimensions] and [*basic.rows] == [*full.rows]
