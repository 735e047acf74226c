"""What only a terminal gets: a question before a month is lost or data is erased, and long tables in short."""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios
import time

import pytest

import conftest

SECONDS = 60
WIDTH = 80
QUESTION = "Type yes to "
PLACE = ["--collection", "practice-feed", "--organisation", "C82001"]
MONTH = [*PLACE, "--month", "2021-09"]  # a month that no other test uses


def at_terminal(arguments, answer=None):
    """Runs the command line at a terminal; types `answer` when it is asked. Its exit code, and what it showed."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
    environment = {**os.environ, "LANG": "C.UTF-8", "NO_COLOR": "1", "TERM": "xterm"}
    process = subprocess.Popen(
        [conftest.BINARY, *arguments], stdin=terminal, stdout=terminal, stderr=terminal, env=environment,
        start_new_session=True,
    )
    os.close(terminal)
    shown, deadline = b"", time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline:
            if not select.select([controller], [], [], 0.2)[0]:
                continue
            try:
                more = os.read(controller, 4096)
            except OSError:  # Linux says so at the end of a terminal.
                more = b""
            if not more:
                break
            shown += more
            if answer is not None and QUESTION.encode() in shown:
                os.write(controller, answer.encode() + b"\n")
                answer = None
        return process.wait(SECONDS), shown.decode().replace("\r\n", "\n")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(SECONDS)
        os.close(controller)


def test_a_yes_replaces_and_anything_else_keeps(address, equity, tmp_path):
    file = tmp_path / "rows.csv"
    service = ["--service", f"http://{address}"]

    def write(rows):
        file.write_text("channel\n" + "TELEPHONE\n" * rows)

    def total():
        command = [conftest.BINARY, "breakdown", "channels", *PLACE, "--from", "2021-09", "--format", "csv", *service]
        lines = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True).stdout.splitlines()
        place = lines[0].split(",").index("value")
        return int(lines[1].split(",")[place])

    write(10)
    equity("submit", file, *MONTH, *service)
    write(2)
    for answer, code, left in [("no", 1, 10), ("", 1, 10), ("yes", 0, 2)]:
        ended, shown = at_terminal(["submit", file, *MONTH, *service], answer)
        assert QUESTION in shown, shown
        assert "C82001 has 10 consultations in 2021-09 of practice-feed" in " ".join(shown.split()), shown
        assert (ended, total()) == (code, left), shown
    # A month that keeps most of itself, and one that is to be replaced anyway, ask nothing.
    write(3)
    ended, shown = at_terminal(["submit", file, *MONTH, *service])
    assert ended == 0 and QUESTION not in shown, shown
    write(1)
    ended, shown = at_terminal(["submit", file, *MONTH, "--replace", *service])
    assert (ended, total()) == (0, 1) and QUESTION not in shown, shown


def test_a_yes_erases_and_anything_else_keeps(address, equity, tmp_path):
    file = tmp_path / "rows.csv"
    service = ["--service", f"http://{address}"]
    file.write_text("channel,person_key\nTELEPHONE,0c41\nVIDEO,0c42\n")
    equity("submit", file, *PLACE, "--month", "2021-10", "--person-key-scheme", "at-terminal", *service)
    version = "collections/practice-feed/organisations/C82001/datasets/consultations/months/2021-10/versions/"
    reason = ["--reason", "a test", *service]

    def state(name):
        command = [conftest.BINARY, "submissions", "get", name, "--format", "json", *service]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True).stdout
        return json.loads(shown)["submission"]["state"]

    person = ["erase", "person", "0c41", "--scheme", "at-terminal", *reason]
    submission = ["erase", "submission", version + "2", *reason]
    # The person's erasure makes the second version, without the person.
    for order, named, name in [(person, "of the scheme at-terminal", version + "1"), (submission, "(1 row)", version + "2")]:
        for answer, code, left in [("no", 2, "CURRENT"), ("", 2, "CURRENT"), ("yes", 0, "ERASED")]:
            ended, shown = at_terminal(order, answer)
            said = " ".join(shown.split())
            assert QUESTION in said and named in said and "Nothing brings it back" in said, shown
            assert (ended, state(name)) == (code, "SUBMISSION_STATE_" + left), shown
    # Whoever has said so already is not asked.
    equity("submit", file, *PLACE, "--month", "2021-10", "--person-key-scheme", "at-terminal", *service)
    ended, shown = at_terminal(["erase", "submission", version + "3", "--yes", *reason])
    assert ended == 0 and QUESTION not in shown, shown


# Words of a table in short, and words that only the whole table has.
SHORT = {
    "outcomes": (["contacts", "did not attend", "over 14 days", "75+"], "Telephone"),
    "exclusion": (["people", "DX-01", "DX-07", "DX-21", "75+"], "DX-22"),
    "provision": (["Any of these needs", "in person or offered", "at most", "75+"], "Needs an interpreter"),
    "impact": (["CH-09", "in person", "remote less in person", "75+"], "CH-12"),
}


@pytest.mark.parametrize("table", SHORT)
def test_a_long_table_is_shown_in_short(address, synthetic, table):
    assert synthetic
    by_age = ["breakdown", table, "--area", "QK1", "--from", "2020-03", "--by", "age_75", "--collection",
              "synthetic-llr", "--service", f"http://{address}"]
    ended, short = at_terminal(by_age)
    assert ended == 0
    assert "--notes shows all of them" in short and "in short: " in short, short
    assert len(short.splitlines()) < 100, f"{len(short.splitlines())} lines"
    assert max(len(line) for line in short.splitlines()) <= WIDTH
    words, hidden = SHORT[table]
    for word in words:
        assert word in short, word
    assert hidden not in short, short
    ended, whole = at_terminal([*by_age, "--notes"])
    assert ended == 0 and "in short: " not in whole
    assert hidden in whole
    if table == "exclusion":
        # Whoever names an indicator sees it.
        ended, named = at_terminal([*by_age, "--indicator", hidden])
        assert ended == 0 and hidden in named and "in short: " not in named
