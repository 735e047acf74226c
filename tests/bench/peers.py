"""What a user would pick instead, on the same rows: DuckDB, Polars and ClickHouse (chDB) for crossings, DuckDB for tables, PostgreSQL
for COPY.

Called by the benches:
    peers.py crossings ROWS.csv CROSSINGS.json    prints {"ratios": {…}, "same": …, "lines": […]}
    peers.py tables CONSULTATIONS.csv ACCESS.csv ASKED.json    prints {"seconds": {…}, "same": …, "lines": […]}
    peers.py copy ROWS.csv                        prints the seconds of COPY
"""

import csv
import glob
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
THREADS = 2
ROUNDS = 3
BLANK = "NOT_RECORDED"


def in_own_environment():
    """Runs again with the peers installed, in a folder of their own under target/."""
    wanted = HERE / "requirements.txt"
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target"))
    venv = target / "bench-venv"
    if pathlib.Path(sys.prefix).resolve() == venv.resolve():
        return
    done = venv / "requirements.txt"
    if not done.is_file() or done.read_text() != wanted.read_text():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        pip = [venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", wanted]
        subprocess.run(pip, check=True, stdout=sys.stderr)
        shutil.copy(wanted, done)
    os.execv(venv / "bin" / "python", [str(venv / "bin" / "python"), *sys.argv])


class DuckDB:
    def __init__(self, path, columns):
        import duckdb

        self.db = duckdb.connect(config={"threads": THREADS})
        picked = ", ".join(f"coalesce(nullif({c}, ''), '{BLANK}') AS {c}" for c in columns)
        self.db.execute(f"CREATE TABLE text AS SELECT {picked}, coalesce(try_cast(record_count AS BIGINT), 1) AS n "
                        f"FROM read_csv('{path}', all_varchar = true)")
        for c in columns:
            self.db.execute(f"CREATE TYPE e_{c} AS ENUM (SELECT DISTINCT {c} FROM text)")
        typed = ", ".join(f"{c}::e_{c} AS {c}" for c in columns)
        self.db.execute(f"CREATE TABLE rows AS SELECT {typed}, n FROM text; DROP TABLE text")

    def count(self, by):
        keys = ", ".join(by)
        return [n for (n,) in self.db.execute(f"SELECT sum(n) FROM rows GROUP BY {keys}").fetchall()]


class Polars:
    def __init__(self, path, columns):
        os.environ["POLARS_MAX_THREADS"] = str(THREADS)
        import polars

        self.pl = polars
        text = polars.scan_csv(path, infer_schema=False)
        filled = [polars.col(c).replace("", BLANK).fill_null(BLANK).cast(polars.Categorical) for c in columns]
        count = polars.col("record_count").replace("", None).cast(polars.Int64).fill_null(1).alias("n")
        self.rows = text.select(*filled, count).collect().rechunk()

    def count(self, by):
        return self.rows.lazy().group_by(by).agg(self.pl.col("n").sum()).collect()["n"].to_list()


class ClickHouse:
    def __init__(self, path, columns):
        from chdb import session

        self.db = session.Session()
        typed = ", ".join(f"{c} LowCardinality(String)" for c in columns)
        self.db.query(f"CREATE TABLE rows ({typed}, n Int64) ENGINE = MergeTree ORDER BY tuple()")
        picked = ", ".join(f"if(ifNull({c}, '') = '', '{BLANK}', assumeNotNull({c}))" for c in columns)
        self.db.query(f"INSERT INTO rows SELECT {picked}, ifNull(toInt64OrNull(toString(record_count)), 1) "
                      f"FROM file('{path}', CSVWithNames) SETTINGS input_format_csv_use_best_effort_in_schema_inference = 0")
        self.db.query("OPTIMIZE TABLE rows FINAL")

    def count(self, by):
        keys = ", ".join(by)
        text = str(self.db.query(f"SELECT sum(n) FROM rows GROUP BY {keys} SETTINGS max_threads = {THREADS}", "CSV"))
        return [int(line) for line in text.split()]


def crossings(path, list_path):
    """Times every crossing on every peer; the best of some rounds after a first one."""
    asked = json.loads(pathlib.Path(list_path).read_text())
    columns = sorted({"channel", *(c for one in asked for c in one["by"])})
    with open(path, newline="", encoding="utf-8") as file:
        there = next(csv.reader(file))
    missing = [c for c in [*columns, "record_count"] if c not in there]
    assert not missing, f"the CSV has no {missing}"
    lines, best, all_same = [], [float("inf")] * len(asked), True
    for peer in (DuckDB, Polars, ClickHouse):
        begin = time.perf_counter()
        loaded = peer(path, columns)
        lines.append(f"{peer.__name__:<10} loaded in {time.perf_counter() - begin:.1f} s, {THREADS} threads")
        for at, one in enumerate(asked):
            by = [*one["by"], "channel"]
            counts = sorted(int(n) for n in loaded.count(by) if n)
            times = []
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                loaded.count(by)
                times.append(time.perf_counter() - begin)
            best[at] = min(best[at], *times)
            all_same &= counts == one["counts"]
            same = "same counts" if counts == one["counts"] else f"OTHER COUNTS ({len(counts)} cells)"
            lines.append(f"{peer.__name__:<10} {' × '.join(one['by']):<48} {min(times) * 1e3:8.2f} ms  {same}")
        del loaded
    ratios = {}
    for peer, one in zip(best, asked):
        ratios.setdefault(one["number"], []).append(peer / one["seconds"])
    ratios = {number: statistics.median(of) for number, of in ratios.items()}
    print(json.dumps({"ratios": ratios, "same": all_same, "lines": lines}))


def tables(consultations, access, asked):
    """Every table of P14 in DuckDB's SQL."""
    import duckdb

    import peer_tables.compared

    peer_tables.compared.run(duckdb.connect(config={"threads": THREADS}), consultations, access, asked)


def server_binary(name):
    found = shutil.which(name) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)), None)
    if not found:
        sys.exit(f"PostgreSQL's {name} is not installed (Debian: apt-get install postgresql)")
    return found


def copy(path):
    """Loads the CSV into a fresh PostgreSQL, a table of text columns without index, by COPY; seconds."""
    initdb, pg_ctl, psql = map(server_binary, ["initdb", "pg_ctl", "psql"])
    # PostgreSQL does not run as root.
    user = {"user": "postgres"} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory() as folder:
        if user:
            shutil.chown(folder, "postgres")
        data = os.path.join(folder, "data")
        run = lambda *command, **more: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user, **more)
        run(initdb, "--auth=trust", "--username=bench", "--no-instructions", "-D", data)
        run(pg_ctl, "-D", data, "-w", "-t", "30", "-l", f"{folder}/log", "-o", f"-c listen_addresses= -k {folder}", "start")
        try:
            with open(path, newline="", encoding="utf-8") as file:
                columns = ", ".join(f'"{name}" text' for name in next(csv.reader(file)))
            ask = [psql, "-h", folder, "-U", "bench", "-d", "postgres", "-q", "-v", "ON_ERROR_STOP=1", "-c"]
            run(*ask, f"CREATE TABLE rows ({columns})")
            with open(path, "rb") as rows:
                begin = time.perf_counter()
                run(*ask, "COPY rows FROM STDIN WITH (FORMAT csv, HEADER)", stdin=rows)
                print(time.perf_counter() - begin)
        finally:
            run(pg_ctl, "-D", data, "-w", "-t", "30", "-m", "fast", "stop")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["crossings", rows, asked]:
            in_own_environment()
            crossings(rows, asked)
        case ["tables", consultations, access, asked]:
            in_own_environment()
            tables(consultations, access, asked)
        case ["copy", rows]:
            copy(rows)
        case _:
            sys.exit(__doc__)
