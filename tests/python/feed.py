"""A made-up feed of three practices, with everything in it that the synthetic set does not have: people whose status changes, who are
known at two practices, whose records say nothing; days that are missing, months that are.
"""

import csv
import random

COLLECTION = "practice-feed"
MONTHS = ["2026-01", "2026-02", "2026-03"]
PEOPLE = [f"P{number}" for number in range(50)]
# How to ask for all of it, and of the synthetic set, by the names of the fixtures that submit them.
SETS = {
    "synthetic": {"collection": "synthetic-llr", "area": "QK1", "period": {"first": "2020-01", "last": "2020-03"}},
    "practices": {"collection": COLLECTION, "area": "QK1", "period": {"first": MONTHS[0], "last": MONTHS[-1]}},
}
ORGANISATIONS = ["C82001", "C82003", "C82005"]
FLAGS = ["Y", "Y", "Y", "N", "N", "N", "", "U", "Z", "X", "NOT_APPLICABLE"]
STATUSES = ["ABLE", "WITH_HELP", "UNABLE", "NOT_ASSESSED", "NOT_KNOWN", "NOT_STATED", ""]
CHANNELS = ["FACE_TO_FACE", "FACE_TO_FACE", "HOME_VISIT", "TELEPHONE", "TELEPHONE", "VIDEO", "OTHER", "NOT_KNOWN", ""]
ATTENDANCE = ["5", "5", "5", "6", "3", "3", "7", "2", "4", ""]
HEADER = ["organisation", "month", "collection", "person_key_scheme", "code_systems", "collected_characteristics"]
SNAPSHOT = ["person_key", "sex", "app_registered", "interpreter_needed", "accessible_need", "digital_access"]
CONSULTATION = [
    "date", "channel", "attendance", "lead_time_days", "lead_time_band", "person_key", "face_to_face_offered", "face_to_face_requested",
    "interpreter_present", "accessible_need_met", "preferred_channel", "sex", "interpreter_needed", "accessible_need",
    "digital_access",
]
CHARACTERISTICS = ["sex", "interpreter_needed", "accessible_need", "digital_access"]
# What a practice does not collect.
NEVER = {
    "access": {"C82001": [], "C82003": ["accessible_need"], "C82005": ["digital_access"]},
    "consultations": {
        "C82001": [],
        "C82003": ["face_to_face_offered", "interpreter_present", "accessible_need", "digital_access"],
        "C82005": ["preferred_channel", "face_to_face_requested", "interpreter_needed"],
    },
}


def consultation(chance, month):
    """One of fifty people's; some come without a key, without a day, with a band of days from booking."""
    drawn = {
        "date": [month, month, *(f"{month}-{day:02}" for day in range(1, 29))], "channel": CHANNELS,
        "attendance": ATTENDANCE, "person_key": ["", "", "", "", *PEOPLE], "preferred_channel": CHANNELS,
        "sex": ["1", "2", "X", ""], "digital_access": ["", "", "", *STATUSES],
    }
    days, band = chance.choice([("", ""), ("", "2 to 7 Days"), ("0", ""), ("0", ""), *((str(days), "") for days in range(20))])
    waited = {"lead_time_days": days, "lead_time_band": band}
    return {name: waited[name] if name in waited else chance.choice(drawn.get(name, FLAGS)) for name in CONSULTATION}


def snapshot(chance):
    """About half of the people at each practice, so that some are at several and some at none."""
    drawn = {"sex": ["1", "2"], "digital_access": STATUSES}
    people = [{"person_key": key} for key in chance.sample(PEOPLE, 25)]
    return [person | {name: chance.choice(drawn.get(name, FLAGS)) for name in SNAPSHOT[1:]} for person in people]


def write(folder):
    """Writes both files; dataset to file."""
    chance = random.Random(5)
    files = {"access": folder / "access.csv", "consultations": folder / "consultations.csv"}
    for dataset, columns in [("access", SNAPSHOT), ("consultations", CONSULTATION)]:
        with files[dataset].open("w", newline="") as file:
            rows = csv.DictWriter(file, [*HEADER, *columns], restval="")
            rows.writeheader()
            for organisation in ORGANISATIONS:
                for month in MONTHS:
                    rows.writerows(submission(chance, dataset, organisation, month))
    return files


def submission(chance, dataset, organisation, month):
    never = NEVER[dataset][organisation]
    if dataset == "access":
        records = snapshot(chance)
    elif (organisation, month) == ("C82005", "2026-02"):
        records = []
    else:
        records = [consultation(chance, month) for _ in range(300)]
    characteristics = [name for name in CHARACTERISTICS if name not in never]
    for place, record in enumerate(records):
        record |= dict.fromkeys(never, "") | {"organisation": organisation, "month": month}
        if organisation == "C82003" and month == "2026-03" and dataset == "consultations":
            # Days are not said at all.
            record["date"] = month
        if place == 0:
            record |= {"collection": COLLECTION, "person_key_scheme": "feed-v1", "collected_characteristics": ";".join(characteristics)}
    return records
