"""The National Provider Identifier: ten digits, the last of which checks the others."""

from __future__ import annotations

_ISSUER = "80840"  # health applications, United States: stands before the NPI when its check digit is worked out


def is_npi(text: str) -> bool:
    """Tell whether `text` is ten digits that pass the checksum: Luhn over 80840 and the number (45 CFR 162.406)."""
    if len(text) != 10 or not (text.isascii() and text.isdigit()):
        return False
    digits = [int(digit) for digit in reversed(_ISSUER + text)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0
