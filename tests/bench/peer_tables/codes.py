"""The code lists of the service: categories of codes, bands of ages, and which channels are in person; as types and tables of DuckDB."""

import itertools
import pathlib
import re
import tomllib

from .answers import STATES

ROOT = pathlib.Path(__file__).resolve().parents[3]
CODES = ROOT / "services" / "domain" / "codes" / "data"
LISTS = {"channel": "channel", "preferred_channel": "channel", "attendance": "attendance", "sex": "sex",
         "digital_access": "digital_access", "lead_time": "lead_time", "exclusion_reason": "exclusion_reason"}
AGES = {"age_band": [0, 16, 25, 35, 45, 55, 65, 75], "age_75": [0, 75], "age_13": [0, 13]}


def list_file(name):
    with (CODES / "codes" / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


def code_list(field):
    """Code systems, the default first: code to category, or to the name of a state; and the content of the file."""
    content = list_file(LISTS.get(field, "yes_no"))
    return {one["id"]: {code: target.removeprefix("!") for code, _, target in one["codes"]} for one in content["system"]}, content


def enum(db, name, words):
    known = {row[0] for row in db.execute("SELECT type_name FROM duckdb_types()").fetchall()}
    if f"e_{name}" not in known:
        db.execute(f"CREATE TYPE e_{name} AS ENUM ({', '.join(repr(word) for word in words)})")


def ages(db, name):
    """Bands of the texts of ages that occur, as a table to join."""
    columns = ", ".join(f"{band} VARCHAR" for band in AGES)
    db.execute(f"CREATE TABLE {name}_ages (age_years VARCHAR, age_text VARCHAR, {columns})")
    found = db.execute(f"SELECT DISTINCT age_years, age_band FROM {name}_text").fetchall()
    rows = [(years, text, *(band(years or text, starts) for starts in AGES.values())) for years, text in found]
    db.executemany(f"INSERT INTO {name}_ages VALUES ({', '.join('?' * len(rows[0]))})", rows)
    for band_name, starts in AGES.items():
        enum(db, band_name, [*(word for word, *_ in bands(starts)), *STATES])
    return [f"CASE WHEN h.collects_age THEN a.{band} ELSE 'NOT_COLLECTED' END::e_{band} AS {band}" for band in AGES]


def bands(starts):
    return [(f"{start}+" if end == 200 else f"{start}-{end - 1}", start, end - 1)
            for start, end in itertools.pairwise([*starts, 200])]


def band(text, starts):
    own = re.fullmatch(r"(\d+)(?:-(\d+)|(\+))?", text)
    if not own:
        return "NOT_RECORDED"
    low = int(own[1])
    high = 199 if own[3] else int(own[2] or own[1])
    return next((word for word, start, end in bands(starts) if start <= low and high <= end), "COARSER")


def mode_table(db):
    """Whether a channel is in person or remote; one that may be either is known too coarsely."""
    parents = {one["code"]: one.get("parent") for one in code_list("channel")[1]["categories"]}

    def mode(channel):
        while parents.get(channel):
            channel = parents[channel]
        return channel if channel in ("IN_PERSON", "REMOTE", *STATES) else "COARSER"

    enum(db, "mode", ["IN_PERSON", "REMOTE", *STATES])
    return "CASE {0} " + " ".join(f"WHEN '{code}' THEN '{mode(code)}'" for code in [*parents, *STATES]) + " END::e_mode"
