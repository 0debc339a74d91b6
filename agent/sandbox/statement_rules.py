"""What the statements service checks. Pure.

Refused with 400 is a body that is not what the published table says: names, types, dates, cents as whole numbers, row
numbers that repeat. Refused with 412 is a file that names locations for some statements and not for others.

Accepted, but `failed` from the start, is a statement that nobody could be sent: no name, neither email nor phone nor a
whole postal address, or an email or phone of a wrong form. The vendor publishes that statements can fail validation at
upload, not by which rules: these are the sandbox's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from agent.sandbox.attachment_rules import is_date, is_unicode

MAX_MESSAGES = 20
POS_ORDER_ID_LENGTH = 200


class BadUpload(Exception):
    """An upload that is refused, with its HTTP status and what the service says."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class _Rule(NamedTuple):
    form: str  # what is wanted, for the message
    fits: Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and is_unicode(value)


def _is_filled(value: Any) -> bool:
    return _is_text(value) and bool(value.strip())


def _is_day(value: Any) -> bool:
    return isinstance(value, str) and is_date(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_index(value: Any) -> bool:
    return _is_whole(value) and value >= 0


def _rules(form: str, fits: Callable[[Any], bool], *names: str) -> dict[str, _Rule]:
    return dict.fromkeys(names, _Rule(form, fits))


STATEMENT_FIELDS: dict[str, _Rule] = {
    **_rules("a date as YYYY-MM-DD", _is_day, "statementDate"),
    **_rules("a whole number from 0", _is_index, "rowNum"),
    **_rules("a string", _is_filled, "externalPatientId", "externalPmsPatientId"),
    **_rules("a whole number of cents", _is_whole, "amountDue"),
    **_rules("a string", _is_text, "patientId", "providerId", "firstName", "lastName", "email", "smsPhoneNumber"),
    **_rules("a string", _is_text, "addressLine1", "addressLine2", "addressCity", "addressState", "addressZip"),
    **_rules("a string", _is_text, "patientNote", "externalLocationId", "posOrderId"),
    **_rules("an array of objects", lambda value: isinstance(value, list), "lineItems"),
}
LINE_FIELDS: dict[str, _Rule] = {
    **_rules("a date as YYYY-MM-DD", _is_day, "date", "dateOfService"),
    **_rules("a whole number of cents", _is_whole, "charges", "credit", "balance"),
    **_rules("a string", _is_text, "sku", "description", "patientFirstName", "patientLastName"),
}
REQUIRED_FIELDS = ("statementDate", "rowNum", "externalPatientId", "externalPmsPatientId")
UPLOAD_FIELDS = frozenset({"filename", "pendingInvoiceUploads"})


def check_upload(body: Any) -> tuple[str, list[dict[str, Any]]]:
    """Return the file name and the statements of an upload. Raise `BadUpload` naming the first faults."""
    if not isinstance(body, dict):
        raise BadUpload(400, "The body must be a JSON object")
    faults: list[str] = []
    if not _is_filled(body.get("filename")):
        faults.append("filename is required: a string")
    statements = body.get("pendingInvoiceUploads")
    if not isinstance(statements, list) or not statements:
        raise BadUpload(400, "; ".join([*faults, "pendingInvoiceUploads is required: an array of statements"]))
    numbers: set[int] = set()
    for index, statement in enumerate(statements):
        where = f"pendingInvoiceUploads[{index}]"
        faults += _check_object(where, statement, STATEMENT_FIELDS, REQUIRED_FIELDS)
        if len(faults) > MAX_MESSAGES:
            break
        if not isinstance(statement, dict):
            continue
        number = statement.get("rowNum")
        if isinstance(number, int):
            if number in numbers:
                faults.append(f"{where}.rowNum {number} stands more than once")
            numbers.add(number)
        lines = statement.get("lineItems")
        for line, item in enumerate(lines if isinstance(lines, list) else []):
            faults += _check_object(f"{where}.lineItems[{line}]", item, LINE_FIELDS)
    if faults:
        more = " and more" if len(faults) > MAX_MESSAGES else ""
        raise BadUpload(400, "; ".join(faults[:MAX_MESSAGES]) + more)
    located = sum(bool(statement.get("externalLocationId")) for statement in statements)
    if 0 < located < len(statements):
        raise BadUpload(412, "externalLocationId is required in every statement of a file with several locations")
    return body["filename"], statements


def _check_object(where: str, value: Any, fields: dict[str, _Rule], required: tuple[str, ...] = ()) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} must be an object"]
    faults = [f"{where}.{name} is required: {fields[name].form}" for name in required if value.get(name) is None]
    for name, entry in value.items():
        if entry is not None and name in fields and not fields[name].fits(entry):
            faults.append(f"{where}.{name} must be {fields[name].form}")
    return faults


def unknown_fields(body: dict[str, Any]) -> list[str]:
    """Return the names in a checked upload that the published table does not know."""
    unknown = set(body) - UPLOAD_FIELDS
    for statement in body["pendingInvoiceUploads"]:
        unknown |= set(statement) - set(STATEMENT_FIELDS)
        for item in statement.get("lineItems") or []:
            unknown |= set(item) - set(LINE_FIELDS)
    return sorted(unknown)


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")


def fails_at_upload(statement: dict[str, Any]) -> bool:
    """Tell whether a checked statement is `failed` from the start, because nobody could be sent it."""
    email, phone = statement.get("email"), statement.get("smsPhoneNumber")
    if (email and not _EMAIL.fullmatch(email)) or (phone and not _PHONE.fullmatch(phone)):
        return True
    named = statement.get("firstName") or statement.get("lastName")
    by_post = all(statement.get(f"address{name}") for name in ("Line1", "City", "State", "Zip"))
    return not named or not (email or phone or by_post)
