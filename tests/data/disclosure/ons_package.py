"""Makes cell_key_perturbation.csv: what the package of the ONS answers with the default p-table of this service.

    equity ptable --out ptable.csv
    pip install cell-key-perturbation==3.1.0
    python ons_package.py ptable.csv > cell_key_perturbation.csv

Each cell is made of records, one for each person, with random keys. The cell key is not an input: the package adds it up.
"""

import contextlib
import random
import sys

import pandas
from cell_key_perturbation.create_perturbed_table import create_perturbed_table

COUNTS = [*range(1, 31), 50, 100, 250, 500, 501, 749, 750, 751, 752, 999, 1000, 1001, 1250, 2000]
CELLS_A_COUNT = 12


def main() -> None:
    numbers = random.Random(7)
    records = []
    for count in COUNTS:
        for cell in range(CELLS_A_COUNT):
            keys = [numbers.randrange(256) for _ in range(count)]
            records.extend((f"{count}-{cell}", key) for key in keys)
    data = pandas.DataFrame(records, columns=["cell", "record_key"])
    # All keys must come, or the package warns that table and records do not fit.
    assert data["record_key"].min() == 0 and data["record_key"].max() == 255
    with contextlib.redirect_stdout(sys.stderr):
        table = create_perturbed_table(
            data=data,
            ptable=pandas.read_csv(sys.argv[1]),
            geog=[],
            tab_vars=["cell"],
            record_key="record_key",
            threshold=10,
        )
    table = table.sort_values(["pre_sdc_count", "cell"])
    columns = {"pre_sdc_count": "count", "ckey": "cell_key", "pvalue": "change", "count": "published"}
    table = table[list(columns)].rename(columns=columns)
    table.to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    main()
