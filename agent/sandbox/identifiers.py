"""The identifiers that the two vendors give out."""

from __future__ import annotations

import re
import secrets
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]  # ten bits at a time
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
SOURCE = "CHC#"


def control_number() -> str:
    """Return a new attachment control number: the source system's prefix and 24 hexadecimal digits."""
    return SOURCE + secrets.token_hex(12)


def attachment_id() -> str:
    """Return a new attachment ID: the source system's prefix and 12 digits."""
    return f"{SOURCE}{secrets.randbelow(10**12):012}"


def transaction_id() -> str:
    """Return a new image-intelligence transaction ID."""
    return secrets.token_hex(12)


def ulid() -> str:
    """Return a new ULID: 48 bits of time in milliseconds and 80 random bits, in 26 characters."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -10, -10)])


def is_ulid(text: str) -> bool:
    """Tell whether `text` has the form of a ULID."""
    return _ULID.fullmatch(text) is not None
