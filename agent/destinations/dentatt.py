"""The attachments service's own words, translated for the front desk.

The codes are those of the service's published errors: `DENTATT_002`, and once `DENTAL_017`. Others exist, and are shown
with the service's message.
"""

from __future__ import annotations

from agent.destinations.outcomes import quoted
from agent.destinations.reply import VendorWords
from agent.model import Fault

FIELDS = {
    "submitterId": "submitter ID",
    "billingProviderTaxId": "billing provider tax ID",
    "claimId": "claim ID",
    "payerId": "payer ID",
    "providerNPI": "provider NPI",
    "dateOfService": "date of service",
    "patientLastName": "patient's last name",
    "patientFirstName": "patient's first name",
    "patientDateOfBirth": "patient's date of birth",
    "memberId": "member ID",
    "attachmentControlNumber": "attachment control number",
    "attachmentIds": "attachment IDs",
    "files": "files",
    "fileMetadata": "file details",
    "fileName": "file name",
    "mimeType": "file type",
    "serviceDate": "service date",
    "procedureCodes": "procedure codes",
    "toothNumbers": "tooth numbers",
}
"""The service's field names (its `field` in an error, our metadata) in the words of the front desk."""

_FAMILIES = {"DENTATT", "DENTAL"}
_CODES = {
    "001": ("", "The service could not take this. Try it again later."),
    "002": ("attachmentControlNumber", "The attachment control number is missing."),
    "003": ("attachmentControlNumber", "The attachment control number is not 24 digits and letters a to f."),
    "004": ("claimId", "The claim ID is missing."),
    "005": ("claimId", "The claim ID is longer than 50 characters."),
    "006": ("payerId", "The payer ID is missing."),
    "007": ("payerId", "The payer ID is not exactly 5 letters or digits."),
    "008": ("providerNPI", "The provider NPI is missing."),
    "009": ("providerNPI", "The provider NPI has a wrong digit: its check digit does not fit."),
    "010": ("providerNPI", "The provider NPI is not exactly 10 digits."),
    "011": ("dateOfService", "The date of service is missing."),
    "012": ("dateOfService", "The date of service is not written as 2024-01-31."),
    "013": ("patientDateOfBirth", "The patient's date of birth is not written as 2024-01-31."),
    "014": ("patientLastName", "The patient's last name is missing or has characters that are not accepted."),
    "015": ("patientFirstName", "The patient's first name is missing or has characters that are not accepted."),
    "016": ("memberId", "The member ID is missing or has characters that are not accepted."),
    "017": ("attachmentIds", "The list of attachment IDs is missing."),
    "018": ("attachmentIds", "An attachment ID is not 12 digits."),
    "021": ("", "The service did not see this practice's credentials."),
    "113": ("attachmentIds", "The service does not have this attachment."),
    "XXX": ("", "The submitter ID or the billing provider tax ID is missing or not in its right form."),
}


def translate(words: VendorWords) -> Fault:
    """Return one of the service's errors as a fault: where, what is wrong, and the service's own words for IT."""
    family, _, number = words.code.upper().partition("_")
    field, sentence = _CODES.get(number, ("", "")) if family in _FAMILIES else ("", "")
    where = FIELDS.get(words.field.rpartition(".")[2]) or FIELDS.get(field) or "request"
    return Fault(where, "", f"{sentence} {quoted(words)}".strip())
