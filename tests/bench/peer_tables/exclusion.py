"""Who is digitally excluded, by age band: of the last snapshot of each organisation, every share and every reason."""

from .answers import ASSESSED, NO, STATES, UNKNOWN, UNKNOWN_STATES, YES, NOT_ASKED, NOT_COLLECTED, answer, any_is, given, lacking, tally

EVERY = [*ASSESSED, "NOT_ASSESSED"]
SERVICES = [answer(name, ["Y"]) for name in ("online_appointments", "online_prescriptions", "online_record")]
FROM_13 = answer("age_13", ["13+"], ["0-12", "13+"])
OFFERED = answer("support_offered", ["Y"])



def enabled_for_any(open_is):
    """Enabled for one service is enabled. Counted is of whom one service is known; `open_is`: not for those that are, another is missing."""
    told = " AND ".join(f"({one}) IN ({NO}, {NOT_ASKED})" for one in SERVICES)
    same = " AND ".join(f"({one}) = ({SERVICES[0]})" for one in SERVICES[1:])
    return (f"CASE WHEN {any_is(SERVICES, YES)} THEN {YES} "
            f"WHEN {any_is(SERVICES, NO)} THEN CASE WHEN {told} THEN {NO} ELSE {open_is} END "
            f"WHEN {same} THEN {SERVICES[0]} ELSE {UNKNOWN} END")


SHARES = {
    "DX-01": enabled_for_any(NO), "DX-01-HIGHEST": enabled_for_any(YES),
    "DX-02": SERVICES[0], "DX-03": SERVICES[1], "DX-04": SERVICES[2],
    "DX-06": given(answer("app_registered", ["Y"]), FROM_13),
    "DX-07": given(answer("app_active", ["Y"]), FROM_13),
    "DX-09": given(answer("proxy_access", ["Y"]), answer("digital_access", ["UNABLE"], EVERY)),
    "DX-17": answer("digital_access", ASSESSED, [*EVERY, *UNKNOWN_STATES]),
    "DX-18-ACCEPTED": given(answer("support_accepted", ["Y"]), OFFERED),
    "DX-18-OFFERED": given(OFFERED, answer("digital_access", ["UNABLE", "WITH_HELP"], EVERY)),
    "DX-20": answer("digital_access", ["UNABLE"], ASSESSED),
    "DX-21": answer("digital_access", ["UNABLE", "WITH_HELP"], ASSESSED),
    "DX-22": answer("mobile_recorded", ["Y"]),
    "DX-23": answer("email_recorded", ["Y"]),
}
# Differences have no counts of their own.
WITHOUT_COUNTS = {"DX-19"}
COLUMNS = ["age_13", "online_appointments", "online_prescriptions", "online_record", "app_registered", "app_active", "proxy_access",
           "digital_access", "support_offered", "support_accepted", "mobile_recorded", "email_recorded", "reasons"]


def ask(db, first, last):
    """Combinations of what people say are few; answers are worked out once for each, and added up."""
    shares = ", ".join(SHARES.values())
    limited = answer("digital_access", ["WITH_HELP", "UNABLE"], EVERY)
    db.execute(f"""
        CREATE OR REPLACE TEMP TABLE people AS
        WITH last AS (SELECT organisation, max(month) AS month FROM access WHERE month BETWEEN {first} AND {last} GROUP BY ALL)
        SELECT age_band, {', '.join(COLUMNS)}, count(*) AS n FROM access JOIN last USING (organisation, month) GROUP BY ALL""")
    rows = db.execute(f"""
        SELECT age_band, share, says, sum(n)
        FROM (SELECT age_band, n, unnest([{shares}]) AS says, unnest(range({len(SHARES)})) AS share FROM people) GROUP BY ALL""").fetchall()
    reasons = db.execute(f"SELECT age_band, reasons, {limited} AS limited, sum(n) FROM people GROUP BY ALL").fetchall()
    return rows, reasons


def cells(rows, reasons):
    """Cells by row and column, with the total."""
    found, told = {}, {}
    for key in [(), *((band,) for band in {row[0] for row in rows})]:
        said = {}
        for band, share, says, n in rows:
            if not key or band == key[0]:
                of_share = said.setdefault(share, {})
                of_share[says] = of_share.get(says, 0) + n
        # Everybody says something to every indicator.
        found[key] = {"PEOPLE": [sum(said[0].values())]}
        for place, name in enumerate(SHARES):
            found[key][name] = tally(said[place])
        counts = told.setdefault(key, {})
        for band, text, limited, n in reasons:
            if key and band != key[0]:
                continue
            kinds = text.split(";")
            state = {"NOT_COLLECTED": NOT_COLLECTED, "NOT_APPLICABLE": NOT_ASKED}.get(kinds[0], UNKNOWN if kinds[0] in STATES else YES)
            if NO == limited or NOT_ASKED in (state, limited):
                continue
            if limited != YES or state != YES:
                lacks = lacking(state, limited)
                counts[lacks] = counts.get(lacks, 0) + n
            if limited == YES:
                for kind in kinds if kinds[0] in [*STATES, "NONE"] else [*kinds, "ANY"]:
                    counts[kind] = counts.get(kind, 0) + n
    for reason in {reason for of in told.values() for reason in of} - {"ANY", UNKNOWN, NOT_COLLECTED}:
        for key, counts in told.items():
            base = counts.get("ANY", 0) + counts.get("NONE", 0)
            whole = None if reason in STATES else base
            rest = [counts.get(state, 0) for state in (UNKNOWN, NOT_COLLECTED)]
            found[key][f"DX-21-REASON/{reason}"] = [counts.get(reason, 0), whole, *rest]
    return found
