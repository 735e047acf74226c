"""People by channel and sex: distinct people of each row, of each channel in it, and of those whose channel is known."""

from .answers import STATES

UNKNOWN_CHANNEL = [state for state in STATES if state != "COARSER"]
WITHOUT_COUNTS = set()


def ask(db, first, last):
    """Each person's channels as bits: one pass by person and sex, one over the people for all of a row's counts."""
    channels = [name for [name] in db.execute("SELECT unnest(enum_range(NULL::e_channel))").fetchall()]
    known = sum(1 << place for place, name in enumerate(channels) if name not in UNKNOWN_CHANNEL)
    told = sum(1 << place for place, name in enumerate(channels) if name != "NOT_COLLECTED")
    of_channel = ", ".join(f"count(*) FILTER (bits & {1 << place} <> 0)" for place in range(len(channels)))
    counts = f"count(*), count(*) FILTER (bits & {told} <> 0), count(*) FILTER (bits & {known} <> 0), {of_channel}"
    rows = db.execute(f"""
        WITH by_sex AS MATERIALIZED (
            SELECT sex, person, bit_or(1::BIGINT << enum_code(channel)) AS bits FROM consultations
            WHERE month BETWEEN {first} AND {last} AND person IS NOT NULL GROUP BY ALL),
        everybody AS (SELECT person, bit_or(bits) AS bits FROM by_sex GROUP BY person)
        SELECT sex::VARCHAR, {counts} FROM by_sex GROUP BY sex UNION ALL SELECT NULL, {counts} FROM everybody""").fetchall()
    return channels, rows


def cells(channels, rows):
    occurring = {place for row in rows for place, n in enumerate(row[4:]) if n}
    found = {}
    for sex, everybody, told, known, *of in rows:
        row = found[() if sex is None else (sex,)] = {"PERSONS": [everybody]}
        for place in occurring:
            name, rest = channels[place], [told - known, everybody - told, 0]
            row[f"CH-02/{name}"] = [of[place], None if name in STATES else known, *rest]
    return found
