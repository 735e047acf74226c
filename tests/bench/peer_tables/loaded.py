"""The files that were submitted, in DuckDB: codes as enumerations, ages in the bands asked about, people and months as numbers.

This is what a careful user would prepare, so that the questions are about counting alone. It is not in any time.
"""

from .answers import STATES
from .codes import ages, code_list, enum, list_file, mode_table

COLUMNS_OF = {"age": ["age_years", "age_band"], "lead_time": ["lead_time_days", "lead_time_band"],
              "exclusion_reason": ["exclusion_reason"]}
PERSON = ["sex", "digital_access", "interpreter_needed", "accessible_need"]
CONSULTATION = ["channel", "preferred_channel", "attendance", "face_to_face_offered", "face_to_face_requested",
                "interpreter_present", "accessible_need_met", *PERSON]
SNAPSHOT = ["online_appointments", "online_prescriptions", "online_record", "app_registered", "app_active", "proxy_access",
            "mobile_recorded", "email_recorded", "support_offered", "support_accepted", *PERSON]


def collects(field):
    """Whether a submission collects a field: it says so, or a record has it, under any of its names."""
    columns = COLUMNS_OF.get(field, [field])
    said = " OR ".join(f"list_contains(any_value(collected), '{name}')" for name in [field, *columns])
    has = " OR ".join(f"bool_or({column} <> '')" for column in columns)
    return f"({said} OR {has}) AS collects_{field}"


def system(field):
    """The code system of a field: the one that the submission names, or the default one."""
    default = next(iter(code_list(field)[0]))
    return f"coalesce(nullif(regexp_extract(any_value(systems), '(?:^|;){field}=([^;]+)', 1), ''), '{default}') AS system_{field}"


def read(db, name, path, columns, fields):
    """A file as text, its needed columns; beside it one row a submission with what its header, which stands in its first record, says."""
    texts = ", ".join(f"coalesce({column}, '') AS {column}" for column in ["record_count", *columns])
    headers = "coalesce(code_systems, '') AS code_systems, coalesce(collected_characteristics, '') AS collected_characteristics"
    source = f"read_csv('{path}', all_varchar = true)"
    db.execute(f"CREATE TABLE {name}_text AS SELECT organisation, month, {headers}, {texts} FROM {source}")
    [[weighted]] = db.execute(f"SELECT count(*) FROM {name}_text WHERE record_count NOT IN ('', '1')").fetchall()
    assert not weighted, "records with weights: these questions count records"
    db.execute(f"CREATE TABLE {name}_first AS SELECT organisation, month, max(code_systems) AS systems, "
               f"string_split(max(collected_characteristics), ';') AS collected FROM {name}_text GROUP BY ALL")
    told = ", ".join([*map(collects, [*fields, "age"]), *map(system, fields)])
    db.execute(f"CREATE TABLE {name}_header AS SELECT organisation, month, {told} "
               f"FROM {name}_text JOIN {name}_first USING (organisation, month) GROUP BY ALL")


def coded(db, name, field, column=None):
    """A column of categories and states: the expression, and the join that it needs."""
    systems, content = code_list(field)
    rows = [(system, code, target) for system, codes in systems.items() for code, target in codes.items()]
    rows += [(system, state, state) for system in systems for state in STATES]
    rows += [(system, "", "NOT_RECORDED") for system in systems]
    db.execute(f"CREATE TABLE {name}_{field}_codes (system VARCHAR, code VARCHAR, target VARCHAR)")
    db.executemany(f"INSERT INTO {name}_{field}_codes VALUES (?, ?, ?)", list(dict.fromkeys(rows)))
    column, of = column or field, f"of_{field}"
    words = [*dict.fromkeys([*(one["code"] for one in content["categories"]), *STATES])]
    enum(db, field, words)
    join = f"LEFT JOIN {name}_{field}_codes {of} ON {of}.code = t.{column} AND {of}.system = h.system_{field}"
    return f"CASE WHEN h.collects_{field} THEN coalesce({of}.target, 'INVALID') ELSE 'NOT_COLLECTED' END::e_{field}", join


def build(db, name, path, fields, columns, field, more, looked_up=""):
    """The table of the questions out of the texts. `more`: further columns, of one more field, and joins; `looked_up`: what follows
    from columns."""
    read(db, name, path, columns, [*fields, field])
    expressions = {field: coded(db, name, field) for field in fields}
    picked = [f"{expression} AS {field}" for field, (expression, _) in expressions.items()]
    joins = " ".join(join for _, join in expressions.values())
    bands = ages(db, name)
    extra, extra_joins = more(db)
    db.execute(
        f"CREATE TABLE {name} AS SELECT * {looked_up} FROM (SELECT organisation::e_organisation AS organisation, "
        "(left(t.month, 4)::INT * 12 + right(t.month, 2)::INT - 1)::INT AS month, "
        f"nullif(substr(person_key, 2), '')::INT AS person, {', '.join([*picked, *bands, *extra])} "
        f"FROM {name}_text t JOIN {name}_header h USING (organisation, month) "
        f"JOIN {name}_ages a ON a.age_years = t.age_years AND a.age_text = t.age_band {joins} {extra_joins})")
    db.execute(f"DROP TABLE {name}_text")


def load(db, consultations, access):
    """Both datasets."""
    modes = mode_table(db)
    db.execute(f"CREATE TYPE e_organisation AS ENUM (SELECT DISTINCT organisation FROM read_csv('{access}', all_varchar = true))")

    def of_consultations(db):
        ranges = {one["code"]: one["range"] for one in list_file("lead_time")["categories"]}
        wait, join = coded(db, "consultations", "lead_time", "lead_time_band")
        known = "(t.lead_time_days <> '')"

        def end(place):
            own = " ".join(f"WHEN '{code}' THEN {of[place]}" for code, of in ranges.items())
            return f"CASE WHEN {known} THEN t.lead_time_days::INT ELSE CASE {wait} {own} END END"

        return [
            f"{end(0)} AS least", f"{end(1)} AS most", f"CASE WHEN NOT {known} THEN {wait} END AS wait",
            "CASE WHEN length(t.date) = 10 THEN t.date::DATE END AS day",
        ], join

    columns = ["date", "person_key", "lead_time_days", "lead_time_band", "age_years", "age_band", *CONSULTATION]
    # Whether a channel, used or wanted, is in person.
    looked_up = f", {modes.format('channel')} AS mode, {modes.format('preferred_channel')} AS prefers"
    build(db, "consultations", consultations, CONSULTATION, columns, "lead_time", of_consultations, looked_up)

    def of_access(db):
        reasons = "CASE WHEN t.exclusion_reason = '' THEN 'NOT_RECORDED' ELSE t.exclusion_reason END"
        return [f"CASE WHEN h.collects_exclusion_reason THEN {reasons} ELSE 'NOT_COLLECTED' END::e_reasons AS reasons"], ""

    columns = ["person_key", "exclusion_reason", "age_years", "age_band", *SNAPSHOT]
    texts = f"SELECT DISTINCT exclusion_reason FROM read_csv('{access}', all_varchar = true) WHERE exclusion_reason IS NOT NULL"
    enum(db, "reasons", [*dict.fromkeys([*(text for [text] in db.execute(texts).fetchall()), *STATES])])
    build(db, "access", access, SNAPSHOT, columns, "exclusion_reason", of_access)
    # A need that some organisation does not collect would have to be looked for in earlier snapshots, each need apart.
    needs = " OR ".join(f"{need} = 'NOT_COLLECTED'" for need in PERSON[1:])
    [[without]] = db.execute(f"SELECT count(*) FROM access WHERE {needs}").fetchall()
    assert not without, "a snapshot without needs: the join of provision takes all three from one snapshot"
    [[twice]] = db.execute("SELECT count(*) - count(DISTINCT (person, month)) FROM access").fetchall()
    assert not twice, "two snapshots of a person in a month"
