"""Records recounted with pandas: what each says, what is missing and why, tallies, shares and their limits.

Written from the contract and the code lists alone. What a record says of a field is a code, or the name of the state in which it
is missing; what it says to a question is one of the five answers below.
"""

import functools
import itertools
import math
import re
import statistics
import tomllib

import pandas as pd
import pytest

import gpad

CODES = gpad.ROOT / "services" / "domain" / "codes" / "data"
# The header of a submission stands in the first of its rows.
HEADER = ["collection", "person_key_scheme", "code_systems", "collected_characteristics"]
LISTS = {
    "channel": "channel", "preferred_channel": "channel", "attendance": "attendance", "sex": "sex", "religion": "religion",
    "ethnic_category": "ethnicity", "disability": "disability", "digital_access": "digital_access",
    "exclusion_reason": "exclusion_reason", "lead_time_band": "lead_time",
}
UNKNOWN_STATES = ["NOT_STATED", "ASKED_UNSURE", "NOT_KNOWN", "NOT_RECORDED", "INVALID", "COARSER"]
STATES = [*UNKNOWN_STATES, "NOT_APPLICABLE", "NOT_COLLECTED"]
ASSESSED = ["ABLE", "WITH_HELP", "UNABLE"]
YES, NO, UNKNOWN, NOT_ASKED, NOT_COLLECTED = "YES", "NO", "UNKNOWN", "NOT_ASKED", "NOT_COLLECTED"
Z, Z_998 = (statistics.NormalDist().inv_cdf(share) for share in (0.975, 0.999))


def read(file):
    """A file as it was submitted, each row with the header of its submission and with what its source collects: what it says that it
    does, and whatever it has anywhere in the submission."""
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    submission = [frame["organisation"], frame["month"]]
    frame[HEADER] = frame[HEADER].groupby(submission).transform("first")
    has = (frame != "").groupby(submission).transform("any")
    of_row = has.apply(lambda row: ";".join(row.index[row]), axis=1)
    frame["collected"] = of_row + ";" + frame["collected_characteristics"]
    return frame


@functools.cache
def list_file(name):
    with (CODES / "codes" / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


@functools.cache
def code_list(name):
    """Code systems, the default first: code to category, or to the name of a state; and the parent of each category."""
    content = list_file(name)
    systems = {one["id"]: {code: target.removeprefix("!") for code, _, target in one["codes"]} for one in content["system"]}
    return systems, {one["code"]: one.get("parent") for one in content["categories"]}


def collected(frame, *names):
    """Whether the source of a record collects a field, by any of its names."""
    return frame["collected"].map(lambda text: any(name in text.split(";") for name in names))


def coded(frame, field, values):
    """Categories of codes of a field, in the code system that the header names or the default one, or the state that a code stands for."""
    systems, _ = code_list(LISTS.get(field, "yes_no"))
    system = frame["code_systems"].str.extract(rf"(?:^|;){field}=([^;]+)")[0].fillna(next(iter(systems)))
    names = {(one, code): target for one, codes in systems.items() for code, target in codes.items()}
    names |= {(one, state): state for one in systems for state in STATES} | {(one, ""): "NOT_RECORDED" for one in systems}
    return pd.Series([names.get(key, "INVALID") for key in zip(system, values)], frame.index)


def said(frame, field):
    """Categories of a field with one value, or the state in which it is missing."""
    return coded(frame, field, frame[field]).where(collected(frame, field), "NOT_COLLECTED")


def said_of_several(frame, field):
    """The same of a field with several values: lists of kinds and ANY, or NONE, or the state."""
    systems, _ = code_list(LISTS[field])
    names = next(iter(systems.values())) | {state: state for state in STATES} | {"": "NOT_RECORDED"}

    def kinds(text):
        found = [names.get(code, "INVALID") for code in text.split(";")]
        return found if found[0] in [*STATES, "NONE"] else [*found, "ANY"]

    never = pd.Series([["NOT_COLLECTED"]] * len(frame), frame.index)
    return frame[field].map(kinds).where(collected(frame, field), never)


def ethnic_group_broad(frame):
    """White, mixed, Asian with Chinese, Black, other."""
    _, parents = code_list("ethnicity")
    return said(frame, "ethnic_category").map(lambda code: {"R": "asian", "E2": "asian"}.get(code) or parents.get(code) or code)


def ages(frame, *starts):
    """Bands from each start on, named as dimensions name them; of records that give years, or a band of their own."""
    bands = [(start, end - 1) for start, end in itertools.pairwise([*starts, 200])]
    names = [f"{start}+" if end == 199 else f"{start}-{end}" for start, end in bands]

    def band(years, text):
        own = re.fullmatch(r"(\d+)(?:-(\d+)|(\+))?", years or text)
        if not own:
            return "NOT_RECORDED"
        low = int(own[1])
        high = 199 if own[3] else int(own[2] or own[1])
        within = [name for name, (start, end) in zip(names, bands) if start <= low and high <= end]
        return within[0] if within else "COARSER"

    found = pd.Series([band(*of) for of in zip(frame["age_years"], frame["age_band"])], frame.index)
    return found.where(collected(frame, "age_band", "age_years"), "NOT_COLLECTED")


def waits(frame):
    """Shortest and longest number of days from booking, the same twice where it is known to the day; or the state."""
    ranges = {one["code"]: tuple(one["range"]) for one in list_file("lead_time")["categories"]}
    bands = coded(frame, "lead_time_band", frame["lead_time_band"])
    found = [(int(days),) * 2 if days else ranges.get(band, band) for days, band in zip(frame["lead_time_days"], bands)]
    never = ~collected(frame, "lead_time_band", "lead_time_days")
    return pd.Series(found, frame.index).mask(never, "NOT_COLLECTED")


@functools.cache
def small_areas(edition):
    areas = pd.read_csv(CODES / "lsoa.csv.gz", dtype={"imd_decile": int})
    return areas[areas["edition"] == edition].set_index("lsoa")


def homes(frame, column):
    """What is told of the small area of the home, LSOA 2021."""
    return frame["residence_lsoa"].map(small_areas("lsoa_2021")[column])


def quintiles(frame):
    deciles = homes(frame, "imd_decile")
    return ((deciles + 1) // 2).map(lambda fifth: f"imd_2025:q{fifth:.0f}", na_action="ignore").fillna("NOT_RECORDED")


def mode(channel):
    """In person or remote; a channel that may be either is known too coarsely."""
    _, parents = code_list("channel")
    if channel in STATES:
        return channel
    while parents.get(channel):
        channel = parents[channel]
    return channel if channel in ("IN_PERSON", "REMOTE") else "COARSER"


NEEDS = {"digital_access": ASSESSED, "interpreter_needed": ["Y", "N"], "accessible_need": ["Y", "N"]}


def needed(consultations, snapshots, field):
    """What is known of a need, and where from: what the record says; where it says NOT_ASSESSED or nothing, what the person's latest
    snapshot at or before the month says, of those that collect it; of two in one month the one accepted last."""
    told, known = {}, NEEDS[field]
    # Submissions are accepted in the order of the file.
    for person, month, word in zip(snapshots["person_key"], snapshots["month"], said(snapshots, field)):
        if word != "NOT_COLLECTED":
            told.setdefault(person, {})[month] = word

    def of(own, person, month):
        if own in known:
            return own, "RECORD"
        latest = max((one for one in told.get(person, {}) if one <= month), default=None) if person else None
        word = told[person][latest] if latest else None
        if word in known:
            return word, "SNAPSHOT"
        return (word if word == "NOT_ASSESSED" and own in STATES else own), "NOT_KNOWN"

    found = [of(*one) for one in zip(said(consultations, field), consultations["person_key"], consultations["month"])]
    return pd.DataFrame(found, consultations.index, ["status", "source"])


def answer(codes, yes, known=("Y", "N")):
    """What codes answer to whether they are among `yes`: of those that are `known`."""

    def of(code):
        if code in known:
            return YES if code in yes else NO
        return NOT_COLLECTED if code == "NOT_COLLECTED" else UNKNOWN if code in UNKNOWN_STATES else NOT_ASKED

    return codes.map({code: of(code) for code in codes.unique()})


def combined(rule, *answers):
    """A rule of single answers, for whole columns."""
    return pd.Series([rule(*of) for of in zip(*answers)], answers[0].index)


def given(asked, condition):
    """Answers of those of whom a condition holds. Whom nothing is asked of is outside, also if it is not known whether it holds."""

    def of(answered, holds):
        if NOT_ASKED in (answered, holds) or holds == NO:
            return NOT_ASKED
        return answered if holds == YES else missing(answered, holds)

    return combined(of, asked, condition)


def missing(*answers):
    """Of answers that do not settle it together, what is missing."""
    return next((state for state in (NOT_COLLECTED, UNKNOWN) if state in answers), NOT_ASKED)


def either(*answers):
    """Yes if one is; no only if all are known to be no."""
    return YES if YES in answers else NO if set(answers) == {NO} else missing(*answers)


def attendances(codes, late):
    """What became of consultations, for did-not-attend rates: missed in some way is not known, unless late arrivals count too."""
    missed = ["DID_NOT_ATTEND", *(["ARRIVED_TOO_LATE", "MISSED"] if late else [])]
    return codes if late else codes.replace("MISSED", "COARSER"), missed


def both(*answers):
    """Yes if all are; no if all are known and one is no. Where one does not apply, all do not."""
    if NOT_ASKED in answers:
        return NOT_ASKED
    return missing(*answers) if not set(answers) <= {YES, NO} else NO if NO in answers else YES


def negated(of):
    return {YES: NO, NO: YES}.get(of, of)


def keys(*dimensions):
    """The keys under which each record counts, a record several times where a dimension has several values of it; `()`: all."""
    frame = pd.concat(dict(enumerate(dimensions)), axis=1) if dimensions else None
    if frame is None:
        return pd.Series(dtype=object)
    for column in frame:
        frame = frame.explode(column)
    return pd.Series(list(frame.itertuples(index=False, name=None)), frame.index)


def with_total(index, of):
    return pd.concat([pd.Series([()] * len(index), index), of])


def tallies(of, answers):
    """Numerator, denominator, unknown, not collected, outside of the records of each key."""
    frame = pd.DataFrame({"key": of, "answer": answers.loc[of.index].to_numpy()})
    counts = frame.groupby(["key", "answer"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=[YES, NO, UNKNOWN, NOT_COLLECTED, NOT_ASKED], fill_value=0)
    return {key: (yes, yes + no, *others) for key, yes, no, *others in counts.itertuples()}


def cells(breakdown):
    """Cells of an answer by the codes of their row's keys, then by the id of their column."""
    ids = [column.id for column in breakdown.columns]
    rows = {tuple(key.code for key in row.keys): dict(zip(ids, row.cells, strict=True)) for row in breakdown.rows}
    assert len(rows) == len(breakdown.rows) and len(set(ids)) == len(ids), "a row or a column twice"
    return rows


FIGURE = ["value", "lower", "upper"]
COUNTS = ["numerator_count", "denominator_count", "unknown_count", "not_collected_count", "outside_count"]


def counts(cell):
    """The five counts of a cell; what it does not say is None."""
    return tuple(getattr(cell, name) if cell.HasField(name) else None for name in COUNTS)


def assert_figure(cell, expected, at=""):
    """A cell has a value, or a value and its limits; or nothing, and says why."""
    found = tuple(getattr(cell, name) for name in FIGURE if cell.HasField(name))
    assert found == pytest.approx(expected, abs=1e-9), at
    assert cell.HasField("absence") == (expected == ()), at


def assert_count(cell, count, at="", *, others=(None, None, None)):
    """A cell counts; `others`: unknown, not collected, outside. None: it says why it does not."""
    assert counts(cell) == (count, None, *others), at
    assert_figure(cell, () if count is None else (count,), at)


def assert_share(cell, tally, at="", z=Z):
    """A cell has the counts of a tally, and their share with its limits if there is anybody to divide by."""
    assert counts(cell) == tally, at
    part, whole, *_ = tally
    assert_figure(cell, wilson(part, whole, z) if whole else (), at)


def wilson(part, whole, z=Z):
    """The share and its limits by Wilson's score method (1927)."""
    share = part / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    reach = z / (1 + z * z / whole) * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    return share, middle - reach, middle + reach


def newcombe(first, second, correlation=0.0):
    """The difference of two shares and its limits by Newcombe's method 10 (1998): of other people, or of the same with a correlation."""
    (share, low, high), (other, below, above) = wilson(*first), wilson(*second)

    def reach(one, two):
        return math.sqrt(max(one * one - 2 * correlation * one * two + two * two, 0))

    difference = share - other
    lower = difference - reach(share - low, above - other)
    return difference, max(lower, -1), min(difference + reach(high - share, other - below), 1)


def paired(both, first, second, neither):
    """The same of people who answered twice: yes to both, to the first alone, to the second alone, to neither."""
    people = both + first + second + neither
    margins = [both + first, second + neither, both + second, first + neither]
    excess = both * neither - first * second
    if excess > 0:
        excess = max(excess - people / 2, 0)
    correlation = excess / math.sqrt(math.prod(margins)) if all(margins) else 0.0
    return newcombe((both + first, people), (both + second, people), correlation)
