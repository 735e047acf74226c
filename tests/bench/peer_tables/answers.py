"""What records answer to yes-or-no questions, as SQL: five answers, and the rules that bring several together."""

YES, NO, UNKNOWN, NOT_COLLECTED, NOT_ASKED = range(5)
UNKNOWN_STATES = ["NOT_STATED", "ASKED_UNSURE", "NOT_KNOWN", "NOT_RECORDED", "INVALID", "COARSER"]
STATES = [*UNKNOWN_STATES, "NOT_APPLICABLE", "NOT_COLLECTED"]
ASSESSED = ["ABLE", "WITH_HELP", "UNABLE"]


def among(column, codes):
    return f"{column} IN ({', '.join(repr(code) for code in codes)})"


def answer(column, yes, known=("Y", "N"), *, otherwise=NOT_ASKED):
    """Whether a code is among `yes`, of those that are `known`; a state that says nothing of it is `otherwise`."""
    return (f"CASE WHEN {among(column, yes)} THEN {YES} WHEN {among(column, known)} THEN {NO} "
            f"WHEN {column} = 'NOT_COLLECTED' THEN {NOT_COLLECTED} WHEN {among(column, UNKNOWN_STATES)} THEN {UNKNOWN} "
            f"ELSE {otherwise} END")


def any_is(answers, which):
    return "(" + " OR ".join(f"{one} = {which}" for one in answers) + ")"


def all_are(answers, which):
    return "(" + " AND ".join(f"{one} = {which}" for one in answers) + ")"


def missing(answers):
    """Of answers that do not settle it together, what is missing."""
    return f"WHEN {any_is(answers, NOT_COLLECTED)} THEN {NOT_COLLECTED} WHEN {any_is(answers, UNKNOWN)} THEN {UNKNOWN} ELSE {NOT_ASKED} END"


def lacking(*answers):
    """The same of answers that are there already."""
    return next((state for state in (NOT_COLLECTED, UNKNOWN) if state in answers), NOT_ASKED)


def either(*answers):
    """Yes if one is; no only if all are known to be no."""
    return f"CASE WHEN {any_is(answers, YES)} THEN {YES} WHEN {all_are(answers, NO)} THEN {NO} {missing(answers)}"


def both(*answers):
    """Yes if all are; no if all are known and one is no. Where one does not apply, all do not."""
    known = " AND ".join(f"{one} IN ({YES}, {NO})" for one in answers)
    return (f"CASE WHEN {any_is(answers, NOT_ASKED)} THEN {NOT_ASKED} WHEN {all_are(answers, YES)} THEN {YES} "
            f"WHEN {known} THEN {NO} {missing(answers)}")


def given(asked, condition):
    """Answers of those of whom a condition holds. Whom nothing is asked of is outside, also if it is not known whether it holds."""
    return (f"CASE WHEN {any_is([f'({asked})', f'({condition})'], NOT_ASKED)} OR ({condition}) = {NO} THEN {NOT_ASKED} "
            f"WHEN ({condition}) = {YES} THEN {asked} {missing([f'({asked})', f'({condition})'])}")


def negated(of):
    return f"CASE {of} WHEN {YES} THEN {NO} WHEN {NO} THEN {YES} ELSE {of} END"


def tally(counts):
    """Counts by answer as an answer of the service has them: numerator, denominator, unknown, not collected, outside."""
    yes, no, *others = (counts.get(one, 0) for one in (YES, NO, UNKNOWN, NOT_COLLECTED, NOT_ASKED))
    return [yes, yes + no, *others]
