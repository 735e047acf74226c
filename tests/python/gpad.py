"""The bundled GP-appointments CSV: as a table, and as submissions by a client of our own."""

import gzip
import pathlib
import uuid

import pandas

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "deploy" / "demo"
CSV = DEMO / "gpad_regional_llr_2019-03_2020-12.csv.gz"
COLLECTION = "gpad-regional"

# Published label to the service's code.
CHANNELS = {
    "Face-to-Face": "FACE_TO_FACE",
    "Home Visit": "HOME_VISIT",
    "Telephone": "TELEPHONE",
    "Video/Online": "ONLINE_UNSPECIFIED",
    "Unknown": "NOT_KNOWN",
}
ATTENDANCE = {"Attended": "ATTENDED", "DNA": "MISSED", "Unknown": "NOT_KNOWN"}
STAFF = {"GP": "GP", "Other Practice staff": "OTHER_PRACTICE_STAFF", "Unknown": "NOT_KNOWN"}
LEAD_TIMES = {
    "Same Day": "SAME_DAY",
    "1 Day": "1_DAY",
    "2 to 7 Days": "2_TO_7_DAYS",
    "8  to 14 Days": "8_TO_14_DAYS",
    "15  to 21 Days": "15_TO_21_DAYS",
    "22  to 28 Days": "22_TO_28_DAYS",
    "More than 28 Days": "OVER_28_DAYS",
    "Unknown / Data Issue": "NOT_KNOWN",
}
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def month(published):
    """`APR2020` to `2020-04`."""
    return f"{published[3:]}-{MONTHS.index(published[:3]) + 1:02}"


def table():
    """The rows, labels as published, with the service's words beside them."""
    with gzip.open(CSV, "rt", encoding="utf-8", newline="") as file:
        rows = pandas.read_csv(file, dtype=str, keep_default_na=False)
    rows["count"] = rows["COUNT_OF_APPOINTMENTS"].astype("int64")
    rows["month"] = rows["Appointment_Month"].map(month)
    rows["organisation"] = rows["CCG_CODE"]
    for column, source, words in [
        ("channel", "APPT_MODE", CHANNELS),
        ("attendance", "APPT_STATUS", ATTENDANCE),
        ("staff_type", "HCP_TYPE", STAFF),
        ("lead_time", "TIME_BETWEEN_BOOK_AND_APPT", LEAD_TIMES),
    ]:
        rows[column] = rows[source].map(words)
        assert rows[column].notna().all(), f"a label of {source} is not in the list"
    return rows


def header(v1, organisation, month, request_id=None, **more):
    """What a submission of published counts says of itself."""
    fields = ["channel", "attendance", "staff_type", "lead_time_band"]
    return v1.SubmissionHeader(
        organisation=organisation,
        collection=COLLECTION,
        month=month,
        request_id=request_id or str(uuid.uuid4()),
        code_systems={field: "gpad" for field in fields},
        allow_shrinking=True,
        **more,
    )


def records(v1, rows):
    """The rows of a table as records, labels as published."""
    columns = ["APPT_MODE", "APPT_STATUS", "HCP_TYPE", "TIME_BETWEEN_BOOK_AND_APPT", "count"]
    return [
        v1.ConsultationRecord(
            channel=channel, attendance=status, staff_type=staff, lead_time_band=wait, record_count=int(count)
        )
        for channel, status, staff, wait, count in rows[columns].itertuples(index=False)
    ]


def stream(v1, header, records, batch=100):
    """The messages of one submission: the header, then batches."""
    yield v1.SubmitConsultationsRequest(header=header)
    for start in range(0, len(records), batch):
        yield v1.SubmitConsultationsRequest(batch={"records": records[start : start + batch]})
