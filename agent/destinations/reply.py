"""A service's reply: read with a cap, parsed leniently, and freed of what must not be kept.

Nothing in a reply is trusted. It may be a gigabyte, no JSON, deeply nested, or echo the request with its credentials.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

import httpx

from agent.destinations.network import Cancelled
from agent.shown import ACTING

LARGEST_REPLY = 1024 * 1024
_LONGEST_TEXT = 500
_MOST_WORDS = 50
_DEEPEST = 40
_SHORTEST_SECRET = 4
_HIDDEN = "(not shown)"
_NOT_PRINTABLE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f{ACTING}]")


@dataclass(frozen=True)
class Reply:
    """What came back. `whole`: the body came to its end and was not longer than the cap."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: Any  # JSON, else text; credentials taken out
    whole: bool = True

    @property
    def is_success(self) -> bool:
        """Tell whether the service took the request."""
        return 200 <= self.status < 300


@dataclass(frozen=True)
class VendorWords:
    """One thing that the service says is wrong, in its own words."""

    code: str
    field: str
    message: str


def read_reply(response: httpx.Response, secrets: Iterable[str], largest: int = LARGEST_REPLY) -> Reply:
    """Read the body as far as it comes and fits; once the status is known, a broken body is no reason to lose it."""
    received = bytearray()
    whole = True
    try:
        for piece in response.iter_bytes():
            received += piece[: largest - len(received)]
            if len(received) >= largest:
                whole = False
                break
    except (httpx.HTTPError, httpx.StreamError, Cancelled):
        whole = False
    return Reply(response.status_code, response.headers, readable(bytes(received), secrets), whole)


def readable(content: bytes, secrets: Iterable[str]) -> Any:
    """Return `content` as JSON, else as text, without `secrets` and without what JSON files and databases refuse."""
    hide = _hider(secrets)
    text = content.decode(json.detect_encoding(content), "replace")  # a BOM makes no stranger of a service
    try:
        return _clean(json.loads(text), hide, _DEEPEST)
    except (ValueError, RecursionError):
        return hide(_NOT_PRINTABLE.sub(" ", text)).strip()


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Return `text` without any of `secrets`, as they are or URL-encoded."""
    return _hider(secrets)(text)


def vendor_words(content: Any) -> tuple[VendorWords, ...]:
    """Find what the service says in the shapes that its errors are known to have; nothing where it says nothing.

    RFC 9457 with `properties.errors[]` (attachments), `Errors[]` and `failureReason` (its tokens), `subErrors[]` and
    `message` (statements), `error_description` (RFC 6749), plain text.
    """
    if not isinstance(content, dict):
        text = content if isinstance(content, str) else ""
        return () if not text or "<" in text[:200] else (VendorWords("", "", _text(text)),)
    properties = content.get("properties")
    places = [properties.get("errors")] if isinstance(properties, dict) else []
    places += [content.get(key) for key in ("errors", "Errors", "subErrors")]
    found = [_entry(entry) for place in places if isinstance(place, list) for entry in place[:_MOST_WORDS]]
    said = tuple(words for words in found if words.message or words.code)
    general = _first(content, "detail", "message", "failureReason", "error_description", "title", "error")
    if general and all(general != words.message for words in said):
        said = (*said, VendorWords("", "", general))
    return said


def _entry(entry: Any) -> VendorWords:
    if not isinstance(entry, dict):
        return VendorWords("", "", _text(entry))
    return VendorWords(
        _first(entry, "code", "errorCode"),
        _first(entry, "field", "location", "path"),
        _first(entry, "message", "description", "detail", "rejectedReason"),
    )


def _first(content: Mapping[str, Any], *keys: str) -> str:
    return next((text for key in keys if (text := _text(content.get(key)))), "")


def _text(value: Any) -> str:
    if not isinstance(value, str | int | float):
        return ""
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + " ..."


def _hider(secrets: Iterable[str]) -> Callable[[str], str]:
    forms = {form for secret in secrets for form in (secret, quote(secret, safe=""), quote_plus(secret))}
    longest_first = sorted((form for form in forms if len(form) >= _SHORTEST_SECRET), key=len, reverse=True)
    if not longest_first:
        return str
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return lambda text: pattern.sub(_HIDDEN, text)


def _clean(value: Any, hide: Callable[[str], str], depth: int) -> Any:
    """Return JSON that can be written again anywhere: no lone surrogates, no NUL, no infinity, not too deep."""
    if depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return hide(_NOT_PRINTABLE.sub(" ", value))
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {_clean(key, hide, depth): _clean(entry, hide, depth - 1) for key, entry in value.items()}
    if isinstance(value, list):
        return [_clean(entry, hide, depth - 1) for entry in value]
    return value
