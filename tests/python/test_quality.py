"""Whether one person's records agree, recounted from the file that was submitted."""

import collections
import csv

import pytest

import feed

# What is no value; `X` is a code of `sex`.
MISSING = {"sex": {"", "X"}, "interpreter_needed": {"", "U", "Z", "X", "NOT_APPLICABLE"}}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The consultations that the fixture `practices` submits."""
    with feed.write(tmp_path_factory.mktemp("feed"))["consultations"].open(newline="") as file:
        return list(csv.DictReader(file))


def recounted(rows, characteristic):
    """People with more than one value, with a value, and all people with a key."""
    values = collections.defaultdict(set)
    for row in rows:
        if row["person_key"]:
            values[row["person_key"]] |= {row[characteristic]} - MISSING[characteristic]
    return sum(len(of) > 1 for of in values.values()), sum(len(of) > 0 for of in values.values()), len(values)


@pytest.mark.parametrize("characteristic", MISSING)
@pytest.mark.parametrize("by", [[], ["organisation"], ["month"], ["organisation", "month"]])
def test_people_with_more_than_one_value(ask, practices, rows, by, characteristic):
    answer = ask("consistency", **feed.SETS["practices"], by=by, characteristics=[characteristic])
    place = {column.id: place for place, column in enumerate(answer.columns)}
    seen = 0
    for row in answer.rows:
        codes = {key.dimension: key.code for key in row.keys}
        of_row = [one for one in rows if all(one[name] == code for name, code in codes.items())]
        several, known, people = recounted(of_row, characteristic)
        cell = row.cells[place[f"DQ-08/{characteristic}"]]
        assert row.cells[place["PERSONS"]].numerator_count == people
        assert (cell.numerator_count, cell.denominator_count) == (several, known), codes
        seen += several
    assert seen > 10
