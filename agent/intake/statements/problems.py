"""What the statements room says when a file cannot be sent, or when it goes with something left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.model import Fault, Problem, Words

_BACK = "then drag it back into the folder."

BAD_ROWS = Words(
    "statement-rows",
    "{name} has {rows} that cannot be sent as they are.",
    "Correct these rows and save the file, " + _BACK,
)
BAD_ROW = Words(
    "statement-rows",
    "{name} has {rows} that cannot be sent as it is.",
    "Correct this row and save the file, " + _BACK,
)
BAD_STATEMENTS = Words(
    "statement-rows",
    "{name} has {rows} that cannot be sent as written.",
    "Correct these values in the program that made the file, export it again, and save it into the folder.",
)
UNSENDABLE_NAME = Words(
    "statement-name",
    "The name {name} has characters that cannot be sent.",
    "Rename the file, " + _BACK,
)
NO_STATEMENTS = Words(
    "no-statements",
    "{name} has no statements in it.",
    "Export it again with the patients who are to be billed, and save it into the folder.",
)
NO_HEADER = Words(
    "no-header",
    "{name} has no row of column headings that OutTray knows.",
    "Give the columns headings such as Account Number, Statement Date and Amount Due, " + _BACK,
)
COLUMN_MISSING = Words(
    "column-missing",
    "{name} has no column for {missing}.",
    "Add the column ({spellings}), " + _BACK + " The columns in the file are: {found}.",
)
COLUMN_TWICE = Words(
    "column-twice",
    "{name} has two columns called {heading}.",
    "Rename or remove one of them, " + _BACK,
)
COLUMNS_RIVAL = Words(
    "columns-rival",
    "{name} has several columns that each could be {meaning}: {columns}.",
    "Keep one of them under its heading, or put the right value into one column; rename or remove the others, " + _BACK,
)
COLUMNS_DIFFER = Words(
    "columns-rival",
    "{name} has columns that say different things and could each be {meaning}: {columns}.",
    "Keep the one that is meant under its heading, rename or remove the other, " + _BACK,
)
HIDDEN_ROWS = Words(
    "hidden-rows",
    "{name} has {rows} that the workbook hides, perhaps by a filter.",
    "Show all rows in Excel and delete those that are not to be sent, save the file, "
    + _BACK
    + " Where hidden rows are "
    "always to go, or never, IT can say so for this lane: hidden_rows.",
)
HIDDEN_COLUMNS = Words(
    "hidden-columns",
    "{name} hides columns that would be sent: {columns}.",
    "Show these columns in Excel, or delete them if they are not to be sent; save the file, " + _BACK,
)
SHEETS_DIFFER = Words(
    "sheets-differ",
    "{name} has statements on several sheets that are not alike: {sheets}.",
    "Give them the same headings in the same order, or keep one of them in this file and the others elsewhere; save "
    "the file, " + _BACK,
)
HIDDEN_SHEETS = Words(
    "hidden-sheets",
    "{name} hides sheets with statements: {sheets}.",
    "Show these sheets in Excel, or delete them if they are not to be sent; save the file, " + _BACK,
)
DATES_TWO_WAYS = Words(
    "dates-two-ways",
    "{name} seems to write the day before the month ({proof}, in the column {column}), so {doubtful} can be two days.",
    "Have the dates written as 2026-07-31, or set a profile for this lane that says which comes first; " + _BACK,
)
TWO_PROFILES = Words(
    "two-profiles",
    "{name} fits the profiles {first} and {second} equally well.",
    "Set profile in the settings of this lane to the right one of the two; " + _BACK,
)
WRONG_PROFILE = Words(
    "wrong-profile",
    "{name} is not a file of the kind that the profile {profile} reads: {reason}.",
    "Export it again in that kind, or set profile in the settings of this lane to auto, " + _BACK,
)
NO_PROFILE = Words(
    "no-profile",
    "There is no statement profile called {profile}.",
    "Set profile in the settings of this lane to auto, to a profile that outtray profile list shows, or to a file.",
)
BAD_PROFILE = Words(
    "bad-profile",
    "The statement profile {profile} cannot be used: {reason}",
    "Correct the profile. outtray profile try FILE shows what becomes of a file with it.",
)
UNREADABLE = Words(
    "statement-unreadable",
    "{name} cannot be read: {reason}.",
    "{advice}",
)
TOO_LARGE = Words(
    "too-large",
    "{name} is larger than {limit:g} MB{what}.",
    "Export fewer statements into one file, under another name for each file.",
)
CHANGED = Words(
    "changed",
    "{name} was written to while it was read.",
    "Wait until the export has ended, " + _BACK,
)
EXPORT_AGAIN = "Export it again, and save the new file into the folder."
SAVE_AS = "Open it in Excel, save it as an Excel workbook (.xlsx) or as CSV, " + _BACK

SHEETS_DATED = "Keep the sheets of one date in the file, save it, " + _BACK
CALCULATE = "Open it in Excel, which works its formulas out, save it, " + _BACK
NO_RESULT_KEPT = (
    "This formula was never worked out, so that nobody knows its value. Open the file in Excel and save it there."
)


class Unreadable(Exception):
    """The file as a whole cannot be sent. Carries the problem; the room raises nothing else about a file."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def unreadable(name: str, reason: str, advice: str = EXPORT_AGAIN, details: Iterable[Fault] = ()) -> Unreadable:
    """Return what to raise for a file that cannot be read for `reason` (a clause that follows a colon)."""
    return Unreadable(UNREADABLE.problem(details, name=name, reason=reason, advice=advice))


@dataclass(frozen=True)
class Notice:
    """A warning, told once for all the places it holds for: `one` for one place, `many` with their `{count}`."""

    one: str
    many: str


PHONE_LEFT_OUT = Notice("1 phone number left out", "{count} phone numbers left out")
EMAIL_LEFT_OUT = Notice("1 e-mail address left out", "{count} e-mail addresses left out")
NAME_CUT = Notice(
    "1 name goes without its middle initial or a name in brackets",
    "{count} names go without their middle initials or names in brackets",
)
ZIP_PADDED = Notice(
    "1 ZIP code had lost its leading zero, which was put back",
    "{count} ZIP codes had lost their leading zeros, which were put back",
)
ZIP_UNKNOWN = Notice(
    "1 ZIP code is not in the form of one and goes as it stands",
    "{count} ZIP codes are not in the form of one and go as they stand",
)
STATE_UNKNOWN = Notice("1 state is not one that OutTray knows", "{count} states are not ones that OutTray knows")
PLACE_WHOLE = Notice(
    "1 city, state and ZIP code could not be taken apart and goes as the city",
    "{count} cells of city, state and ZIP code could not be taken apart and go as the city",
)
ORDER_ID_CUT = Notice("1 reference was cut after 200 characters", "{count} references were cut after 200 characters")
LINE_SUM = Notice(
    "1 line's balance is not its charges less its credit",
    "The balances of {count} lines are not their charges less their credit",
)
STATEMENT_SUM = Notice(
    "1 amount due is not the sum of its lines' balances",
    "{count} amounts due are not the sums of their lines' balances",
)
NO_VALUE = Notice(
    "1 cell that says NULL, N/A or - read as blank", "{count} cells that say NULL, N/A or - read as blank"
)
CREDIT_SIGN = Notice(
    "1 credit has a minus in the file, and goes without it, as its line's balance says",
    "{count} credits have a minus in the file, and go without it, as their lines' balances say",
)
RUNNING = Notice(
    "1 statement's balance goes on from line to line; each line's own is sent",
    "The balances of {count} statements go on from line to line; each line's own is sent",
)
SEVERAL_PATIENTS = Notice(
    "1 statement has lines of several patients or locations, and goes under those of its first line",
    "{count} statements have lines of several patients or locations, and go under those of their first lines",
)
NOTHING_DUE = Notice("1 statement asks for nothing", "{count} statements ask for nothing")
NO_AMOUNT = Notice("1 statement has lines but no amount due", "{count} statements have lines but no amount due")
SAME_ACCOUNT = Notice(
    "1 account stands in more than one statement", "{count} statements are for accounts that came before"
)
TOTAL_LEFT_OUT = Notice(
    "1 row of totals, counts or page numbers left out", "{count} rows of totals, counts or page numbers left out"
)
NAMELESS = Notice(
    "1 row has values in columns without a heading, which are not sent",
    "{count} rows have values in columns without a heading, which are not sent",
)
HIDDEN_SENT = Notice("1 hidden row sent", "{count} hidden rows sent")
HIDDEN_LEFT_OUT = Notice("1 hidden row left out", "{count} hidden rows left out")
HIDDEN_ROW = "This row is hidden. Show it if it is to be sent, or delete it."
CREDIT_TWO_WAYS = (
    "A credit with a minus may be a payment, or one that was taken back. Write payments without a minus, or add each "
    "line's balance in a column called Line Balance."
)
SUM_OR_LINE = (
    "This row has amounts and does not say what for. Delete it if it is a sum of the rows above; else fill in the "
    "date, the code or the description."
)
SUM_BY_NAME = (
    "This row may be a sum of the rows above. Delete it if it is; else describe what it asks for in other words."
)
TWICE = "The same account is asked for the same amount in {unit} {number}. Delete one of the two, or join them."
SPELLED_TWICE = (
    "This account differs from that of {unit} {number} in zeros or capitals alone, and is asked for the same. Delete "
    "one of the two, or write the account in one way."
)
TOTAL_OR_PATIENT = (
    "This row may be a total or a patient. Delete it if it is a total; else fill in the account number, the name and "
    "the date."
)
UNREACHABLE = Notice(
    "1 statement has neither an e-mail address, a phone number nor an address",
    "{count} statements have neither an e-mail address, a phone number nor an address",
)
SERVICE_AHEAD = Notice(
    "1 date of a line is more than a year ahead", "{count} dates of lines are more than a year ahead"
)
DATE_AHEAD = Notice(
    "1 statement is dated more than a month ahead", "{count} statements are dated more than a month ahead"
)


def listing(details: tuple[Fault, ...], limit: int = 200) -> list[str]:
    """Return the details as lines for people: at most `limit`, then how many more there are."""
    lines = [
        f"{fault.where}: {fault.value} - {fault.message}" if fault.value else f"{fault.where}: {fault.message}"
        for fault in details[:limit]
    ]
    rest = len(details) - limit
    return [*lines, f"... and {rest:,} more"] if rest > 0 else lines
