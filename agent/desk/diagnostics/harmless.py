"""What may leave this PC. Pure: each function takes what there is and returns what is known to be harmless.

Folders, files, claims and free text can name patients, and the values of settings can hold names too; so text passes
only where OutTray itself wrote it, and settings only as numbers, switches, and choices from a list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import BaseModel

from agent.desk.doctor.finding import Check, Finding, State
from agent.settings.schema import Settings

_CODE = re.compile(r"[a-z][a-z0-9-]{1,40}")
_LANE = re.compile(r"\w[^<>:\"/\\|?*\x00-\x1f]{0,63}/(?:attachments|statements)")
_PACKET = re.compile(r"[0-9A-Za-z-]{1,40}")
_EVENT = re.compile(r"[a-z0-9][a-z0-9 ,;:'-]{0,90}")
_TROUBLE = re.compile(r"[A-Za-z_][\w.]*(?: from \w+)?(?: at (?:[\w.<>]+:\d+ [\w<>]+(?: < )?)*)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:\d\d)?")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")

_OF_A_LINE = {
    "at": _MOMENT,
    "level": re.compile(r"[a-z]{1,10}"),
    "event": _EVENT,
    "packet": _PACKET,
    "lane": _LANE,
    "trouble": _TROUBLE,
    "version": re.compile(r"[0-9][0-9a-z.+-]{0,20}"),
    "act": _CODE,
    "by": _CODE,
    "thread": re.compile(r"(?:MainThread|Thread-\d+|[a-z][a-z-]{1,20})(?: \([a-z_]+\))?"),
}
_ADDRESSES = frozenset({"base_url", "token_url"})
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|'[^']*'(?!\w)")


def settings(settings: Settings) -> dict[str, Any]:
    """Return the settings: numbers, switches and choices as they are, addresses as their hosts, the rest as "set"."""
    return _table(settings)


def _table(table: BaseModel) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in type(table).model_fields.items():
        value = getattr(table, name)
        if isinstance(value, BaseModel):
            found[name] = _table(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            found[name] = [_table(one) for one in value]
        elif value is None or isinstance(value, bool | int | float) or value in _choices(field.annotation):
            found[name] = value
        elif name in _ADDRESSES and isinstance(value, str):
            found[name] = _host(value)
        elif isinstance(value, PurePath):
            found[name] = _kind_of_path(value)
        elif name == "name":
            found[name] = value  # a store's name: letters, digits and hyphens, and part of every lane's name
        else:
            found[name] = "as without settings" if value == field.default else "set"
    return found


def _choices(annotation: Any) -> tuple[Any, ...]:
    """Return the values that a setting can be chosen from; none where it is free text."""
    if get_origin(annotation) is None:
        return ()
    of_literal = [one for one in get_args(annotation) if isinstance(one, str)]
    return (*of_literal, *(value for one in get_args(annotation) for value in _choices(one)))


def _host(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}"


def _kind_of_path(path: PurePath) -> str:
    text = str(path)
    kind = "a share" if text.startswith(("\\\\", "//")) else "a drive" if text[1:2] == ":" else "a folder"
    return f"{kind}, {len(path.parts) - 1} deep"


def finding(found: Finding, private: Iterable[str]) -> dict[str, Any]:
    """Return what a check found. `private`: paths and names that are struck out wherever they stand."""
    said = {"check": str(found.check), "state": str(found.state), "lane": _if(_LANE, found.lane)}
    if found.check is Check.SETTINGS and found.state is not State.OK:
        return said  # these sentences quote what stands in the file
    return said | {
        "sentence": struck(found.sentence, private),
        "detail": " ".join(re.findall(r"\b(?:\d{1,6}|[A-Z][A-Za-z]+(?:Error|Timeout|Exception))\b", found.detail)),
    }


def struck(text: str, private: Iterable[str]) -> str:
    """Return a text of ours without what is private, what is quoted, and whatever looks like a path."""
    for one in sorted((one for one in private if one), key=len, reverse=True):
        text = text.replace(one, "…")
    text = _QUOTED.sub("…", text)
    return " ".join("…" if "\\" in word or word.count("/") > 1 or "@" in word else word for word in text.split())


def log_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield the log's lines with only the keys, and only the kinds of values, that OutTray writes there."""
    left_out = 0
    for line in lines:
        try:
            fields = json.loads(line)
        except ValueError:
            fields = None
        kept = _log_fields(fields) if isinstance(fields, dict) else {}
        if kept:
            yield json.dumps(kept)
        else:
            left_out += 1
    if left_out:
        yield json.dumps({"lines left out": left_out})


def _log_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in fields.items():
        if key in ("status", "winerror", "port", "setting") and isinstance(value, int):
            kept[key] = value
        elif key == "lanes" and isinstance(value, list):
            kept[key] = [_if(_LANE, one) for one in value]
        elif key in _OF_A_LINE:
            kept[key] = _if(_OF_A_LINE[key], value)
    return kept


def _if(pattern: re.Pattern[str], value: object) -> str:
    """Return a text that is wholly of its kind; else a mark that something stood there."""
    return value if isinstance(value, str) and (not value or pattern.fullmatch(value)) else "…"


def code(value: object) -> str:
    """Return a code of ours."""
    return _if(_CODE, value or "")


def lane(value: object) -> str:
    """Return a lane's name."""
    return _if(_LANE, str(value))


def packet(value: object) -> str:
    """Return a packet's id."""
    return _if(_PACKET, value)


def word(value: object) -> str:
    """Return one word, such as a version or a state."""
    return _if(_WORD, str(value))
