"""Statements with lines: from a record of an XML or JSON file, or from the rows of a table that belong together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise

from agent.intake.statements import wire
from agent.intake.statements.columns import Column, compiled
from agent.intake.statements.converters import NOTED, Marked
from agent.intake.statements.descriptions import Found, split_code, with_whole_descriptions
from agent.intake.statements.findings import Findings
from agent.intake.statements.footers import is_sum
from agent.intake.statements.problems import (
    CREDIT_SIGN,
    CREDIT_TWO_WAYS,
    LINE_SUM,
    NO_AMOUNT,
    RUNNING,
    SEVERAL_PATIENTS,
    STATEMENT_SUM,
    SUM_BY_NAME,
    SUM_OR_LINE,
    UNREACHABLE,
)
from agent.intake.statements.profile import Profile
from agent.intake.statements.readers import Line, Record
from agent.intake.statements.rows import MISSING
from agent.intake.statements.values import plain
from agent.intake.statements.whole_file import ASKED_BY, Accounts, Locations

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.IGNORECASE).fullmatch
_IDENTIFIERS = {"account", "account_and_name", "external_id", "pms_id"}
_FEWEST_RUNNING = 2
_AMOUNTS = frozenset({"charges", "credit", "balance"})
_CONTACTS = ("email", "phone", "address_1")


class RecordStatements:
    """Turns records into statements as JSON text."""

    def __init__(
        self, profile: Profile, columns: Iterable[tuple[int, str, Column]], findings: Findings, location: str = "",
        statement_date: str = "",
    ) -> None:  # fmt: skip
        self._accounts = Accounts(findings)
        self._locations = Locations(findings)
        self._profile = profile
        self._layout = profile.layout
        self._findings = findings
        self._location = location
        self._statement_date = statement_date
        self._statement: dict[str, list[tuple[int, Column]]] = {}
        self._line: dict[str, list[tuple[int, Column]]] = {}
        for rank, heading, column in columns:
            part = self._line if column.field.of_line else self._statement
            part.setdefault(heading, []).append((rank, column))
        self._description = {h for h, cs in self._line.items() if cs[0][1].field.name == "description"}
        self._entry = {h for h, cs in self._line.items() if cs[0][1].field.name not in ("description", "code")}
        self._known = self._statement.keys() | self._line.keys() | set(profile.ignore)
        self.unknown: dict[str, None] = {}
        self.count = 0

    @classmethod
    def of_profile(cls, profile: Profile, findings: Findings, today: date, location: str = "") -> RecordStatements:
        """Return what turns the records of an XML or JSON file into statements."""
        columns = [
            (rank, spelling, compiled(wire.FIELDS[field], spelling.rpartition("/")[2], profile.layout, today))
            for field, spellings in profile.columns.items()
            for rank, spelling in enumerate(spellings)
        ]
        return cls(profile, columns, findings, location)

    def texts(self, records: Iterable[Record]) -> Iterator[str]:
        """Yield one statement after another."""
        for record in records:
            self.count += 1
            text = self._text(record)
            if not self._findings.faults:
                yield text

    def settle(self) -> None:
        """Note what only the whole file tells. Raises `TooManyFaults`."""
        self._accounts.settle()
        self._locations.settle()

    def _text(self, record: Record) -> str:
        if self._layout.record:
            record.lines = with_whole_descriptions(record.lines, self._description, self._entry, self._layout.hard_cut)
        found = self._found(record.cells, self._statement)
        of_lines: list[tuple[Line, Found]] = []
        several = False
        for line in record.lines:
            for field, better in self._found(line.cells, self._statement).items():
                first = found.setdefault(field, better)
                several = several or plain(first[2]).casefold() != plain(better[2]).casefold()
            of_line = self._found(line.cells, self._line)
            if of_line:
                of_lines.append((line, of_line))
        if several and not self._profile.recognise.any_table:  # where rows are joined, they were compared
            self._findings.notice(SEVERAL_PATIENTS, record.number)
        self._look_for_sums(record, of_lines)
        running = self._layout.balance == "running" or self._goes_on(record, [of_line for _, of_line in of_lines])
        lines: list[tuple[str, int | None]] = []
        before: int | None = None
        for line, of_line in of_lines:
            said = _value(of_line, "balance") if running else None
            step = said - before if said is not None and before is not None else None
            lines.append(self._line_text(record, line, of_line, running=running, step=step))
            before = said
        pieces = {field: self._piece(record, record, at[1], at[2]) for field, at in found.items()}
        self._complete(record, pieces, found)
        if not lines and not pieces.get("amount_due"):
            self._findings.fault(record.number, self._where(record), "", "There is neither an amount due nor a line.")
        elif not pieces.get("amount_due"):
            self._findings.notice(NO_AMOUNT, record.number)
        self._add_up(record, pieces.get("amount_due", ""), [balance for _, balance in lines])
        body = "".join(pieces[field] for field in sorted(pieces, key=wire.ORDER.__getitem__))
        if lines:
            body += f',"{wire.LINES}":[{",".join(f"{{{text[1:]}}}" for text, _ in lines)}]'
        return f'{{"{wire.ROW_NUMBER}":{self.count}{body}}}'.replace(NOTED, "")

    def _found(self, cells: dict[str, object], plan: dict[str, list[tuple[int, Column]]]) -> Found:
        found: Found = {}
        for heading, raw in cells.items():
            if raw is None or raw == "" or (isinstance(raw, str) and not raw.strip()):
                continue
            if heading not in self._known:
                self.unknown[heading] = None
            for rank, column in plan.get(heading, ()):
                name = column.field.name
                if name not in found or rank < found[name][0]:
                    found[name] = (rank, column, raw)
        return found

    def _piece(self, record: Record, at: Record | Line, column: Column, raw: object) -> str:
        if isinstance(raw, dict | list | bool):
            self._fault(record, at, column.heading, raw, "This has to be text or a number.")
            return ""
        piece = column[raw]
        if type(piece) is Marked:
            if piece.notice:
                self._findings.notice(piece.notice, record.number)
            else:
                self._fault(record, at, column.heading, raw, piece.message)
                return NOTED  # told already: not missing
        return piece

    def _look_for_sums(self, record: Record, lines: list[tuple[Line, Found]]) -> None:
        """Note a fault for each row of a table that has amounts and nothing else, or is called a sum, among others."""
        if record.place.startswith("row ") and any(not found.keys() <= _AMOUNTS for _, found in lines):
            for line, found in lines:
                if found.keys() <= _AMOUNTS:
                    self._findings.fault(line.number, line.place, "", SUM_OR_LINE)
                    continue
                called = [plain(found[field][2]) for field in ("description", "code") if field in found]
                if called and all(map(is_sum, called)) and not _AMOUNTS.isdisjoint(found):
                    self._findings.fault(line.number, line.place, called[0], SUM_BY_NAME)

    def _goes_on(self, record: Record, lines: list[Found]) -> bool:
        """Tell whether the balances of any table's lines are proved to go on from line to line, and tell people.

        The oldest line may be what was open before: a balance, and nothing else. The newest may stand first.
        """
        if not self._profile.recognise.any_table or len(lines) < _FEWEST_RUNNING:
            return False
        values = [(_value(found, "charges"), _value(found, "credit"), _value(found, "balance")) for found in lines]
        if not (_runs(values) or _runs(values[::-1])):
            return False
        self._findings.notice(RUNNING, record.number)
        return True

    def _line_text(
        self, record: Record, line: Line, found: Found, *, running: bool, step: int | None
    ) -> tuple[str, int | None]:
        """Return a line, and its balance. `step`: by how much a running balance goes on here, where that is known."""
        if self._layout.code_in_description and "description" in found:
            split_code(found, self._line)
        pieces = {field: self._piece(record, line, at[1], at[2]) for field, at in found.items()}
        charges, credit, balance = (_amount(pieces.get(f, "")) for f in ("charges", "credit", "balance"))
        if credit is not None and credit < 0 and self._profile.recognise.any_table:
            credit = self._settled_credit(record, line, found, charges or 0, credit, None if running else balance)
            pieces["credit"] = wire.pair(wire.FIELDS["credit"].wire[0], credit)
        elif credit is not None and credit < 0 and step not in (None, (charges or 0) - credit):
            credit = self._settled_credit(record, line, found, charges or 0, credit, step)
            pieces["credit"] = wire.pair(wire.FIELDS["credit"].wire[0], credit)
        if charges is not None or credit is not None:
            own = (charges or 0) - (credit or 0)
            if running:
                balance = own
                pieces["balance"] = wire.pair(wire.FIELDS["balance"].wire[0], own)
            elif balance is not None and balance != own:
                self._findings.notice(LINE_SUM, line.number)
        return "".join(pieces[f] for f in sorted(pieces, key=wire.ORDER.__getitem__)), balance

    def _settled_credit(
        self, record: Record, line: Line, found: Found, charges: int, credit: int, balance: int | None
    ) -> int:
        """Return what a credit with a minus is, if the line's balance proves it; else ask.

        Half of all programs write payments with a minus, and the other half payments that were taken back.
        """
        if balance == charges + credit:
            self._findings.notice(CREDIT_SIGN, line.number)
            return -credit
        if balance != charges - credit:
            _, column, raw = found["credit"]
            self._fault(record, line, column.heading, raw, CREDIT_TWO_WAYS)
        return credit

    def _complete(self, record: Record, pieces: dict[str, str], found: Found) -> None:
        """Fill in what the file says once for two fields, or the settings say; then see what is missing."""
        identifiers = {f: pieces[f] for f in ("external_id", "pms_id") if pieces.get(f)}
        if not pieces.get("account") and not pieces.get("account_and_name") and len(identifiers) < 2:
            known = next((plain(found[f][2]) for f in identifiers), "")
            if not known and "patient_id" in found and not _ULID(plain(found["patient_id"][2])):
                known = plain(found["patient_id"][2])  # the vendor's deprecated use: the PMS's identifier
            for field in {"external_id", "pms_id"} - identifiers.keys():
                if known:
                    pieces[field] = wire.pair(wire.FIELDS[field].wire[0], known)
        if not any(pieces.get(field) for field in _IDENTIFIERS):
            self._missing(record, "account")
        if self._statement_date and not pieces.get("statement_date"):
            pieces["statement_date"] = wire.pair(wire.FIELDS["statement_date"].wire[0], self._statement_date)
        if not pieces.get("statement_date"):
            self._missing(record, "statement_date")
        if self._location and not pieces.get("location"):
            pieces["location"] = wire.pair(wire.FIELDS["location"].wire[0], self._location)
        self._locations.note(record.number, self._where(record), present=bool(pieces.get("location")))
        account = "".join(pieces.get(f, "") for f in ("account", "account_and_name", "pms_id"))
        asked = [(pieces.get(field, ""),) for field in ASKED_BY]
        self._accounts.note((record.number,), (account,), asked)
        if not any(pieces.get(field, "").strip(NOTED) for field in _CONTACTS):
            self._findings.notice(UNREACHABLE, record.number)

    def _missing(self, record: Record, field: str) -> None:
        spellings = self._profile.columns.get(field) or self._profile.columns.get("pms_id", ("",))
        known = next((h for h, cs in self._statement.items() if cs[0][1].field.name == field), spellings[0])
        heading = known.rpartition("/")[2]
        self._fault(record, record, heading, "", MISSING[field])

    def _fault(self, record: Record, at: Record | Line, heading: str, raw: object, message: str) -> None:
        if at.place.startswith("row "):
            self._findings.fault(at.number, f"{at.place}, column {heading}", raw, message)
        else:
            where = at.place.replace(record.place, self._where(record), 1)
            self._findings.fault(record.number, f"{where}, {heading}", raw, message)

    def _where(self, record: Record) -> str:
        """Return the place with the account, since nobody counts the statements of an XML file."""
        if record.place.startswith("row "):
            return record.place
        for heading, columns in self._statement.items():
            if (
                columns[0][1].field.name in ("account", "pms_id", "external_id", "patient_id")
                and heading in record.cells
            ):
                return f"{record.place} (account {plain(record.cells[heading])[:40]})"
        return record.place

    def _add_up(self, record: Record, due: str, balances: list[int | None]) -> None:
        amount = _amount(due)
        known = [balance for balance in balances if balance is not None]
        if amount is not None and known and len(known) == len(balances) and sum(known) != amount:
            self._findings.notice(STATEMENT_SUM, record.number)


def _runs(values: Sequence[tuple[int | None, int | None, int | None]]) -> bool:
    """Tell whether charges, credits and balances prove that the balances go on; some lines may leave theirs out."""
    (charges, credit, balance), *rest = values
    if any(line[0] is None and line[1] is None for line in rest):
        return False
    own = [(line[0] or 0) - (line[1] or 0) for line in values]
    if charges is None and credit is None:
        own[0] = balance or 0
    known = [(at, line[2]) for at, line in enumerate(values) if line[2] is not None]
    if len(known) < _FEWEST_RUNNING or all(own[at] == said for at, said in known):
        return False
    return all(later - earlier == sum(own[at + 1 : then + 1]) for (at, earlier), (then, later) in pairwise(known))


def _value(found: Found, field: str) -> int | None:
    """Return the cents of a line's field, or None where there is none or it cannot be read."""
    if field not in found:
        return None
    _, column, raw = found[field]
    return None if isinstance(raw, dict | list | bool) else _amount(column[raw])


def _amount(piece: str) -> int | None:
    digits = piece.rstrip(NOTED).rpartition(":")[2]
    return int(digits) if digits.removeprefix("-").isdigit() else None
