"""What channels do to access, by age band: missed appointments, waits with their medians, and who was seen in person within a week."""

import itertools

from .answers import UNKNOWN, UNKNOWN_STATES, answer, tally

ATTENDED = ["ATTENDED", "ATTENDED_ON_TIME", "ATTENDED_LATE"]
MISSED = ["DID_NOT_ATTEND"]
# Missed in some way: late or not at all, which is not known.
COARSE = "MISSED"
MODES = ["IN_PERSON", "REMOTE"]
WITHIN = 7
WITHOUT_COUNTS = {f"{name}/REMOTE_LESS_IN_PERSON" for name in ("CH-10", "CH-11-SAME-DAY", "CH-11-OVER-14", "CH-11-MEDIAN", "CH-12")}
ATTENDED_SQL = ", ".join(repr(code) for code in ATTENDED)
TWO = ", ".join(repr(mode) for mode in MODES)


def ask(db, first, last):
    """Outcomes and waits by what few combinations say; what followed by the days of a person in person at an organisation,
    which is twice as fast as a window over them."""
    outcomes = db.execute(f"""
        SELECT age_band::VARCHAR, mode::VARCHAR,
            CASE attendance WHEN '{COARSE}' THEN {UNKNOWN} ELSE {answer('attendance', MISSED, [*MISSED, *ATTENDED])} END AS missed,
            {answer('attendance', ATTENDED, ATTENDED)} AS attended, least, most, wait::VARCHAR, count(*)
        FROM consultations WHERE month BETWEEN {first} AND {last} AND mode IN ({TWO}) GROUP BY ALL""").fetchall()
    followed = db.execute(f"""
        WITH seen AS (
            SELECT organisation, month, age_band, mode, person, day FROM consultations
            WHERE month BETWEEN {first} AND {last} + 1 AND attendance IN ({ATTENDED_SQL}) AND mode IN ({TWO})),
        tells AS (SELECT DISTINCT organisation, month FROM consultations WHERE day IS NOT NULL),
        in_person AS (
            SELECT organisation, person, list(day) AS on_days FROM seen
            WHERE mode = 'IN_PERSON' AND person IS NOT NULL AND day IS NOT NULL GROUP BY ALL),
        days AS (
            SELECT seen.*, len(list_filter(on_days, lambda one: one > day AND one <= day + {WITHIN})) AS later,
                len(list_filter(on_days, lambda one: one = day)) - (mode = 'IN_PERSON')::INT AS same_day
            FROM seen LEFT JOIN in_person USING (organisation, person) WHERE seen.person IS NOT NULL AND day IS NOT NULL)
        SELECT age_band::VARCHAR, mode::VARCHAR,
            CASE WHEN day + {WITHIN} > last_day(day) AND next.month IS NULL THEN 'NOT_COMPUTABLE'
                WHEN later > 0 THEN 'FOLLOWED' WHEN same_day > 0 THEN 'SAME_DAY' ELSE 'ALONE' END AS became, count(*)
        FROM days LEFT JOIN tells next ON next.organisation = days.organisation AND next.month = days.month + 1
        WHERE days.month <= {last} GROUP BY ALL
        UNION ALL
        SELECT age_band::VARCHAR, mode::VARCHAR, 'NOT_COMPUTABLE', count(*) FROM seen
        WHERE month <= {last} AND (person IS NULL OR day IS NULL) GROUP BY ALL""").fetchall()
    return outcomes, followed


def cells(outcomes, followed):
    found = {}
    for key in [(), *((band,) for band in {row[0] for row in outcomes})]:
        row = found[key] = {}
        for mode in MODES:
            own = [one[2:] for one in outcomes if one[1] == mode and (not key or one[0] == key[0])]
            row[f"CH-09/{mode}"] = tally(added((missed, n) for missed, *_, n in own))
            known = [(least, most, n) for _, _, least, most, _, n in own if least is not None]
            states = added((wait, n) for _, _, least, _, wait, n in own if least is None)
            all_known = sum(n for *_, n in known)
            rest = [sum(states.get(state, 0) for state in of) for of in (UNKNOWN_STATES, ["NOT_COLLECTED"], ["NOT_APPLICABLE"])]
            assert all_known + sum(rest) == sum(n for *_, n in own)
            row[f"CH-11-SAME-DAY/{mode}"] = [sum(n for _, most, n in known if most == 0), all_known, *rest]
            row[f"CH-11-OVER-14/{mode}"] = [sum(n for _, most, n in known if most > 14), all_known, *rest]
            ends = [median(known, place) for place in (0, 1)]
            row[f"CH-11-MEDIAN/{mode}"] = [None, all_known, *rest, ends[0] if ends[0] == ends[1] else None]
            became = added((what, n) for band, of, what, n in followed if of == mode and (not key or band == key[0]))
            whole = sum(became.get(what, 0) for what in ("FOLLOWED", "SAME_DAY", "ALONE"))
            _, _, unknown, never, outside = tally(added((attended, n) for _, attended, *_, n in own))
            row[f"CH-12/{mode}"] = [became.get("FOLLOWED", 0), whole, became.get("NOT_COMPUTABLE", 0) + unknown, never, outside]
            row[f"CH-12-SAME-DAY/{mode}"] = [became.get("SAME_DAY", 0)]
    return found


def added(pairs):
    sums = {}
    for what, n in pairs:
        sums[what] = sums.get(what, 0) + n
    return sums


def median(known, place):
    """Of days with their counts."""
    counts = sorted(added((one[place], one[2]) for one in known).items())
    upto = [*itertools.accumulate(n for _, n in counts)]
    if not upto:
        return None
    at = lambda rank: next(days for (days, _), end in zip(counts, upto) if rank < end)
    return (at((upto[-1] - 1) // 2) + at(upto[-1] // 2)) / 2
