"""Asks DuckDB what the service was asked, compares every cell, and only then tells times."""

import json
import math
import pathlib
import time

from . import exclusion, impact, loaded, persons, provision, risk

ROUNDS = 3
QUESTIONS = {"exclusion": exclusion, "persons": persons, "impact": impact, "provision": provision, "risk": risk}
# How a cell of the service stands in the list: its counts, then its value.
COUNTS = 5


def run(db, consultations, access, answers_path):
    """Prints one JSON: lines to show, times, and whether all cells are the same."""
    begin = time.perf_counter()
    loaded.load(db, consultations, access)
    risk.load(db)
    lines = [f"DuckDB loaded in {time.perf_counter() - begin:.0f} s"]
    times, same = {}, True
    for asked in json.loads(pathlib.Path(answers_path).read_text()):
        module, arguments = QUESTIONS[asked["name"]], asked["arguments"]
        wrong, count = differences(module, module.cells(*rows_of(module, db, arguments)), asked["cells"])
        spent = []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            module.ask(db, *arguments)
            spent.append(time.perf_counter() - begin)
        times[asked["name"]], same = min(spent), same and not wrong
        told = "; ".join(wrong[:3]) if wrong else f"{count} cells the same"
        lines.append(f"DuckDB {asked['name']:<12} {min(spent) * 1e3:9.1f} ms  {'OTHER COUNTS: ' if wrong else ''}{told}")
    print(json.dumps({"lines": lines, "seconds": times, "same": same}))


def rows_of(module, db, arguments):
    found = module.ask(db, *arguments)
    return found if isinstance(found, tuple) else (found,)


def differences(module, found, asked):
    """Cells that are not the same, and how many were compared. Each row and each column has to be there on both sides."""
    ours = {tuple(row["keys"]): row["cells"] for row in asked}
    if set(ours) != set(found):
        return [f"rows {sorted(set(ours) ^ set(found))}"], 0
    wrong, count = [], 0
    for key, row in found.items():
        own = {name: cell for name, cell in ours[key].items() if name not in module.WITHOUT_COUNTS}
        if set(own) != set(row):
            wrong.append(f"columns of {key}: {sorted(set(own) ^ set(row))}")
            continue
        for name, cell in row.items():
            count += 1
            if not is_same(cell, own[name]):
                wrong.append(f"{key} {name}: {own[name]} here, {cell} there")
    return wrong, count


def is_same(theirs, ours):
    """As many counts as are told, and a value where it is told."""
    counts, values = theirs[:COUNTS], theirs[COUNTS:]
    return counts == ours[:len(counts)] and all(close(*pair) for pair in zip(values, ours[COUNTS:]))


def close(one, other):
    return one == other if None in (one, other) else math.isclose(one, other, abs_tol=1e-9)
