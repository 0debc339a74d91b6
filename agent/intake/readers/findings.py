"""What a reader answers, as plain JSON."""

from __future__ import annotations

from typing import Any

WHOLE, LOCKED, DAMAGED, NO_PAGE = "whole", "locked", "damaged", "no page"


def whole(*notes: str) -> dict[str, Any]:
    """It opens. `notes` are phrases to follow the file's name, for the receipt."""
    return {"state": WHOLE, "why": "", "notes": list(notes)}


def damaged(why: str) -> dict[str, Any]:
    """It does not open, or not all of it does. `why` is a phrase."""
    return {"state": DAMAGED, "why": why, "notes": []}


def locked(by: str = "") -> dict[str, Any]:
    """It opens with a password only, or by what `by` says: a phrase behind "is locked"."""
    return {"state": LOCKED, "why": by, "notes": []}


BY_RIGHTS = "by a certificate or a rights program"


def no_page() -> dict[str, Any]:
    """It opens, and there is nothing in it."""
    return {"state": NO_PAGE, "why": "", "notes": []}
