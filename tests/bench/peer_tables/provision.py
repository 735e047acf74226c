"""Whether people who need face to face get it, by whether they are 75: what records leave out comes from the latest snapshot."""

from .answers import ASSESSED, NO, NOT_ASKED, NOT_COLLECTED, STATES, UNKNOWN, YES, among, answer, both, either, given, lacking, negated, tally

NEEDS = {"digital_access": ("ACCESS_STATUS", ASSESSED), "interpreter_needed": ("INTERPRETER_NEEDED", ["Y", "N"]),
         "accessible_need": ("ACCESSIBLE_NEED", ["Y", "N"])}
BECAME = ["ATTENDED", "ATTENDED_ON_TIME", "ATTENDED_LATE", "MISSED", "DID_NOT_ATTEND", "ARRIVED_TOO_LATE", "CANCELLED_BY_PERSON",
          "FUTURE"]
FLAGS = ["face_to_face_offered", "face_to_face_requested", "interpreter_present", "accessible_need_met"]
GROUPS = ["UNABLE", "WITH_HELP", "INTERPRETER_NEEDED", "ACCESSIBLE_NEED", "ANY_NEED", "NO_NEED", "NEED_NOT_KNOWN", "ALL"]
DAYS = 14
WITHOUT_COUNTS = set()


def need(column, yes, known):
    """Whether there is a need: one that does not apply is none, one that nobody assessed is not known."""
    return f"CASE WHEN {column} = 'NOT_APPLICABLE' THEN {NO} ELSE {answer(column, yes, known, otherwise=UNKNOWN)} END"


def known_of(need):
    """What is known of a need, and where from: a record, a snapshot, or not."""
    known, states = among(f"c.{need}", NEEDS[need][1]), among(f"c.{need}", STATES)
    snapshot = among(f"s.{need}", NEEDS[need][1])
    status = (f"CASE WHEN {known} THEN c.{need} WHEN {snapshot} THEN s.{need} "
              f"WHEN s.{need} = 'NOT_ASSESSED' AND {states} THEN s.{need} ELSE c.{need} END" if need == "digital_access" else
              f"CASE WHEN {known} THEN c.{need} WHEN {snapshot} THEN s.{need} ELSE c.{need} END")
    return f"{status} AS {need}, CASE WHEN {known} THEN 0 WHEN {snapshot} THEN 1 ELSE 2 END AS from_{need}"


def soon():
    missing = (f"CASE WHEN wait = 'NOT_COLLECTED' THEN {NOT_COLLECTED} WHEN wait = 'NOT_APPLICABLE' THEN {NOT_ASKED} "
               f"ELSE {UNKNOWN} END")
    return (f"CASE WHEN least IS NULL THEN {missing} WHEN most <= {DAYS} THEN {YES} WHEN least > {DAYS} THEN {NO} "
            f"ELSE {UNKNOWN} END")


def was_given(open_is):
    """Counted is of whom the channel and what became of it are known, or the offer; what one of them leaves open is `open_is`."""
    known = f"((here IN ({YES}, {NO}) AND kept IN ({YES}, {NO})) OR offered IN ({YES}, {NO}))"
    told = f"(offered = {UNKNOWN} OR (here <> {NOT_COLLECTED} AND kept <> {NOT_COLLECTED}))"
    return (f"CASE WHEN here = {NOT_ASKED} THEN {NOT_ASKED} "
            f"WHEN NOT {known} THEN CASE WHEN {told} THEN {UNKNOWN} ELSE {NOT_COLLECTED} END "
            f"WHEN offered = {YES} OR (here = {YES} AND kept = {YES}) THEN {YES} "
            f"WHEN (here = {NO} OR kept = {NO}) AND offered IN ({NO}, {NOT_ASKED}) THEN {NO} ELSE {open_is} END")


# Answers, each out of columns or of answers before it.
FIRST = {
    "unable": need("digital_access", ["UNABLE"], ASSESSED), "with_help": need("digital_access", ["WITH_HELP"], ASSESSED),
    "interpreter": need("interpreter_needed", ["Y"], ["Y", "N"]), "accessible": need("accessible_need", ["Y"], ["Y", "N"]),
    "here": answer("mode", ["IN_PERSON"], ["IN_PERSON", "REMOTE"]), "wants": answer("prefers", ["IN_PERSON"], ["IN_PERSON", "REMOTE"]),
    "offered": answer("face_to_face_offered", ["Y"]), "requested": answer("face_to_face_requested", ["Y"]),
    "present": answer("interpreter_present", ["Y"]), "met": answer("accessible_need_met", ["Y"]),
    # What cannot be cancelled was kept.
    "kept": f"CASE WHEN {answer('attendance', BECAME, [*BECAME, 'CANCELLED_BY_PROVIDER'])} = {NOT_ASKED} THEN {YES} "
            f"ELSE {answer('attendance', BECAME, [*BECAME, 'CANCELLED_BY_PROVIDER'])} END",
    "soon": "soon",
}
FIRST_GROUPS = ["unable", "with_help", "interpreter", "accessible"]
SECOND = {
    "in_need": either(*FIRST_GROUPS),
    "ch05": was_given(NO), "ch05_highest": was_given(YES),
    "ch06": given(both("here", "kept", "soon"), "requested"),
    "ch08": both("wants", f"({negated('here')})"),
    "ch13": given("present", "interpreter"),
    "ch14": given("met", "accessible"),
}
INDICATORS = {"CH-05": "ch05", "CH-05-HIGHEST": "ch05_highest", "CH-06": "ch06", "CH-08": "ch08", "CH-13": "ch13", "CH-14": "ch14"}


def ask(db, first, last):
    """A join with the snapshot of the month, and with the latest one before it for the rest, which is twice as fast as one ASOF join of
    all; then combinations, which are few; then answers by group."""
    columns = ["age_75", "mode", "prefers", *FLAGS, "attendance"]
    of_needs = ", ".join(known_of(name) for name in NEEDS)
    names = [*NEEDS, *(f"from_{name}" for name in NEEDS)]
    picked = f"{', '.join(f'c.{name}' for name in columns)}, {of_needs}, {soon()} AS soon"
    db.execute(f"""
        CREATE OR REPLACE TEMP TABLE combinations AS
        WITH asked AS (SELECT * FROM consultations WHERE month BETWEEN {first} AND {last}),
        rest AS MATERIALIZED (SELECT * FROM asked ANTI JOIN access USING (person, month)),
        earlier AS (SELECT * FROM access SEMI JOIN rest USING (person)),
        known AS (
            SELECT {picked} FROM asked c JOIN access s USING (person, month)
            UNION ALL
            SELECT {picked} FROM rest c ASOF LEFT JOIN earlier s ON c.person = s.person AND c.month >= s.month)
        SELECT {', '.join([*columns, *names])}, soon, count(*) AS n FROM known GROUP BY ALL""")
    one = ", ".join(f"{sql} AS {name}" for name, sql in FIRST.items())
    two = ", ".join(f"{sql} AS {name}" for name, sql in SECOND.items())
    said = ", ".join(["here", *FIRST_GROUPS, "in_need", *INDICATORS.values()])
    answered = db.execute(f"""
        SELECT age_75::VARCHAR, {said}, sum(n)
        FROM (SELECT *, {two} FROM (SELECT age_75, n, {one} FROM combinations)) GROUP BY ALL""").fetchall()
    places = ", ".join(f"from_{name}" for name in NEEDS)
    told = db.execute(f"SELECT age_75::VARCHAR, {places}, sum(n) FROM combinations GROUP BY ALL").fetchall()
    return answered, told


def cells(answered, told):
    found = {}
    for key in [(), *((band,) for band in {row[0] for row in answered})]:
        row = found[key] = {}
        own = [one[1:] for one in answered if not key or one[0] == key[0]]
        for place, group in enumerate(GROUPS):
            row |= of_group(own, place, group)
        for place, (column, _) in enumerate(NEEDS.values()):
            for number, name in enumerate(["RECORD", "SNAPSHOT", "NOT_KNOWN"]):
                row[f"{column}/{name}"] = [sum(one[-1] for one in told if one[1 + place] == number and (not key or one[0] == key[0]))]
    return found


def member(groups, some, place):
    """Whether people are of a group."""
    opposite = {YES: NO, NO: YES}.get(some, some)
    return [*groups, some, opposite, NO if some in (YES, NO) else YES, YES][place]


def of_group(rows, place, group):
    members, modes, answers = {}, {}, {name: {} for name in INDICATORS}
    for here, *groups, some, one, highest, two, three, four, five, n in rows:
        of = member(groups, some, place)
        members[of] = members.get(of, 0) + n
        if of == YES:
            modes[here] = modes.get(here, 0) + n
        for name, asked in zip(INDICATORS, (one, highest, two, three, four, five)):
            # Who has no need is not asked whether it was met.
            outside = asked == NOT_ASKED or (group == "NO_NEED" and name in ("CH-13", "CH-14"))
            says = NOT_ASKED if outside or of in (NO, NOT_ASKED) else asked if of == YES else lacking(asked, of)
            answers[name][says] = answers[name].get(says, 0) + n
    suffix = "" if group == "ALL" else f"/{group}"
    first = "CH-05" if group in ("NO_NEED", "NEED_NOT_KNOWN", "ALL") else "CH-07"
    counted, known, unknown, never, _ = tally(members)
    told = known > 0 or unknown + never == 0
    row = {name.replace("CH-05", first) + suffix: tally(of) for name, of in answers.items()}
    row["CONTACTS" + suffix] = [counted if told else None, None, unknown, never, known - counted]
    for name, mode in [("IN_PERSON", YES), ("REMOTE", NO)]:
        row[name + suffix] = [modes.get(mode, 0) if told else None]
    return row
