"""The billing API's own names, and the fields that a profile can name. The only place that knows either.

`POST {base_url}/api/v1/pending-invoices/`: `filename` and `pendingInvoiceUploads[]`, each with its `lineItems[]`.
Amounts are whole cents, dates `YYYY-MM-DD`.
"""

from __future__ import annotations

from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as encode
from typing import Literal

Kind = Literal["text", "long-text", "date", "money", "phone", "email", "name", "state", "zip", "special"]

FILENAME = "filename"
UPLOADS = "pendingInvoiceUploads"
ROW_NUMBER = "rowNum"
LINES = "lineItems"
ORDER_ID_LENGTH = 200  # "values of length greater than 200 characters will be truncated when saved"


@dataclass(frozen=True)
class Field:
    """A field that a profile's columns can fill. `wire` holds the API's names, in the order of the values."""

    name: str
    wire: tuple[str, ...]
    kind: Kind
    meaning: str
    of_line: bool = False


_ALL = (
    Field("statement_date", ("statementDate",), "date", "date of the statement"),
    Field("account", ("externalPatientId", "externalPmsPatientId"), "text", "the patient's number, where there is one"),
    Field("external_id", ("externalPatientId",), "text", "the identifier of the external source"),
    Field("pms_id", ("externalPmsPatientId",), "text", "the PMS's identifier of the patient"),
    Field("account_and_name", ("externalPatientId", "externalPmsPatientId", "firstName", "lastName"), "special",
          "number and name in one column: 12 - Snow, John"),
    Field("patient_id", ("patientId",), "text", "the payment system's own identifier of the patient"),
    Field("provider_id", ("providerId",), "text", "the PMS's identifier of the provider"),
    Field("amount_due", ("amountDue",), "money", "what the patient is asked for"),
    Field("name", ("firstName", "lastName"), "name", "the whole name"),
    Field("first_name", ("firstName",), "text", "first name"),
    Field("last_name", ("lastName",), "text", "last name"),
    Field("email", ("email",), "email", "e-mail address"),
    Field("phone", ("smsPhoneNumber",), "phone", "phone number for text messages"),
    Field("address_1", ("addressLine1",), "text", "first line of the address"),
    Field("address_2", ("addressLine2",), "text", "second line of the address"),
    Field("city", ("addressCity",), "text", "city"),
    Field("state", ("addressState",), "state", "state"),
    Field("zip", ("addressZip",), "zip", "ZIP code"),
    Field("city_state_zip", ("addressCity", "addressState", "addressZip"), "special", "Springfield, IL 62701"),
    Field("note", ("patientNote",), "long-text", "note to the patient"),
    Field("location", ("externalLocationId",), "text", "identifier of the practice's location"),
    Field("order_id", ("posOrderId",), "text", "point-of-sale reference"),
    Field("line_date", ("date",), "date", "date of the line", of_line=True),
    Field("service_date", ("dateOfService",), "date", "date of service", of_line=True),
    Field("code", ("sku",), "text", "procedure code", of_line=True),
    Field("description", ("description",), "text", "description", of_line=True),
    Field("charges", ("charges",), "money", "charges of the line", of_line=True),
    Field("credit", ("credit",), "money", "credit of the line", of_line=True),
    Field("balance", ("balance",), "money", "balance of the line", of_line=True),
    Field("line_name", ("patientFirstName", "patientLastName"), "name", "name of the line's patient", of_line=True),
    Field("line_first_name", ("patientFirstName",), "text", "first name of the line's patient", of_line=True),
    Field("line_last_name", ("patientLastName",), "text", "last name of the line's patient", of_line=True),
)  # fmt: skip

FIELDS: dict[str, Field] = {field.name: field for field in _ALL}
ORDER: dict[str, int] = {field.name: position for position, field in enumerate(_ALL)}


def pair(name: str, value: str | int) -> str:
    """Return `,"name":value` as JSON; an empty string leaves the field out."""
    if value == "":
        return ""
    return f',"{name}":{value if isinstance(value, int) else encode(value)}'


def head(filename: str) -> str:
    """Return the body up to the first statement."""
    return f'{{"{FILENAME}":{encode(filename)},"{UPLOADS}":['


TAIL = "]}"
