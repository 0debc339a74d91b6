"""What pydantic found wrong with the settings, in plain sentences: the key, the value, and what to do.

agent.senders = 0: this is below 1. Write 1 or more.
store[2] "lakeside" attachments.settle_second: this key is not known. The nearest is settle_seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from agent.settings.schema import (
    AgentSettings,
    AttachmentsSettings,
    FilenameRuleSettings,
    PageSettings,
    Settings,
    StatementsSettings,
    StoreSettings,
)
from agent.settings.values import quoted

TABLES: Mapping[str, type[BaseModel]] = {
    "": Settings,
    "agent": AgentSettings,
    "agent.page": PageSettings,
    "store": StoreSettings,
    "store.attachments": AttachmentsSettings,
    "store.statements": StatementsSettings,
    "store.statements.filename_rule": FilenameRuleSettings,
}
_SECRET_WORDS = re.compile(r"secret|password|passwd|api_?key|credential|(^|_)token$|^key$|private_?key")
_PLAIN_PROXY = re.compile(r"(?:\.\.\.@|(?:\w+://)?)[A-Za-z0-9.-]+(?::\d{1,5})?/?")
_ADDRESSES = frozenset({"base_url", "token_url", "proxy", "ledger"})
_LONGEST_VALUE = 60


def sentences(errors: list[ErrorDetails], data: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each of `errors`, which pydantic found in the tables `data`."""
    return [_sentence(error, data) for error in errors]


def secrets_in(data: Mapping[str, Any]) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every key whose name says that a secret stands there."""

    def walk(value: object, at: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if is_secret(key):
                    yield (*at, key)
                else:
                    yield from walk(inner, (*at, key))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from walk(inner, (*at, index))

    return walk(data, ())


def is_secret(key: str) -> bool:
    """Tell whether a key's name says that its value is a secret."""
    return bool(_SECRET_WORDS.search(_folded(key)))


def secret_sentence(at: tuple[str | int, ...], data: Mapping[str, Any]) -> str:
    """Return what to do about a secret in the file. Its value is never told."""
    store = _store_name(at, data) or "STORE"
    name = "api_key" if "statements" in at or re.search("api_?key", _folded(str(at[-1]))) else "client_secret"
    return (
        f"{where(at, data)}: a secret never stands in this file, which others can read. Take the line out, and keep "
        f"the secret with: outtray secret set {store}/{name}"
    )


def where(at: tuple[str | int, ...], data: Mapping[str, Any]) -> str:
    """Return a place in the file's own terms: `store[2] "lakeside" attachments.settle_seconds`."""
    if len(at) >= 2 and at[0] == "store" and isinstance(at[1], int):
        name = _store_name(at, data)
        store = f"store[{at[1] + 1}]" + (f' "{name}"' if name else "")
        return f"{store} {_dotted(at[2:])}".rstrip()
    return _dotted(at)


def _dotted(at: tuple[str | int, ...]) -> str:
    dotted = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in at)
    return dotted.lstrip(".")


def _store_name(at: tuple[str | int, ...], data: Mapping[str, Any]) -> str:
    stores = data.get("store")
    if len(at) < 2 or not isinstance(at[1], int) or not isinstance(stores, list | tuple):
        return ""
    store = stores[at[1]]
    name = store.get("name") if isinstance(store, dict) else None
    return name if isinstance(name, str) and name.isprintable() and len(name) <= _LONGEST_VALUE else ""


def _sentence(error: ErrorDetails, data: Mapping[str, Any]) -> str:
    at, value, kind = error["loc"], error["input"], error["type"]
    place = where(at, data)
    if kind == "extra_forbidden":
        return f"{place}: {_unknown(at)}"
    if kind == "missing":
        return f"{place}: {_missing(str(at[-1]))}"
    what = error["msg"] if kind == "told" else _what(error)
    if value is None or isinstance(value, dict | list | tuple | BaseModel):
        return f"{place}: {what}"
    return f"{place} = {_shown(at[-1], value)}: {what}"


def _what(error: ErrorDetails) -> str:
    """Return what is wrong with a value, and what to do, for the kinds that pydantic itself finds."""
    value, facts = error["input"], error.get("ctx", {})
    match error["type"]:
        case "int_type" | "int_from_float" | "float_type":
            number = "a whole number" if error["type"] != "float_type" else "a number"
            if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
                return f"this is a text. Write it without quotes: {value}"
            return f"this is not {number}. Write {number}, without quotes."
        case "bool_type":
            return "this is neither true nor false. Write one of the two, in small letters and without quotes."
        case "finite_number":
            return "this is not a number that can be counted with. Write it in digits."
        case "string_type" | "path_type":
            example = quoted(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else '"..."'
            return f"this is not a text. Write it in quotes: {example}"
        case "literal_error":
            choices = str(facts.get("expected", "")).replace("'", '"')
            nearest = get_close_matches(_folded(str(value)), re.findall(r'"(.*?)"', choices), n=1)
            return f"this is not known here. Write {choices}." + (f' The nearest is "{nearest[0]}".' if nearest else "")
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return _bounds(error)
        case "model_type" | "model_attributes_type":
            return _table(error)
        case "tuple_type":
            return "this is not a list. " + _list(error)
        case _:
            return f"this does not fit here ({error['msg']}). Compare it with: outtray config schema"


def _bounds(error: ErrorDetails) -> str:
    facts = error.get("ctx", {})
    above = facts.get("gt", facts.get("ge"))
    if above is None:
        return f"this is above {facts['le']:g}. Write {facts['le']:g} or less."
    if "gt" in facts:
        return f"this is not above {above:g}. Write more than {above:g}."
    return f"this is below {above:g}. Write {above:g} or more."


def _table(error: ErrorDetails) -> str:
    at = error["loc"]
    name = ".".join(str(part) for part in at if not isinstance(part, int))
    if isinstance(error["input"], list):
        return f"there are several. Head the table with one pair of brackets: [{name}]"
    if name == "store":
        return "this is not a table. Begin each store with a line [[store]]."
    return f"this is not a table. Give it a line [{name}] of its own, with its keys below."


def _list(error: ErrorDetails) -> str:
    if error["loc"] == ("store",):
        return "Begin each store with a line [[store]], in two pairs of brackets."
    value = error["input"]
    element = quoted(value) if isinstance(value, str) else '"..."'
    return f"Write it in brackets: [{element}]"


def _missing(key: str) -> str:
    examples = {
        "name": 'name = "main-street"',
        "folder": "folder = 'C:\\Scans\\Claims'",
        "client_id": 'client_id = "..."',
        "base_url": 'base_url = "https://host.example.com"',
    }
    return "this key is needed and is not there. Add a line such as " + examples.get(key, f'{key} = "..."')


def _unknown(at: tuple[str | int, ...]) -> str:
    """Return what to do about a key that its table does not have. Its value is not told: nobody knows what it is."""
    table, key = ".".join(str(part) for part in at[:-1] if not isinstance(part, int)), _folded(str(at[-1]))
    if homes := [name for name, model in TABLES.items() if key in model.model_fields and name != table]:
        homes = [name for name in homes if name.startswith(table)] or homes
        if key not in TABLES[table].model_fields:
            heads = " or ".join(f"[[{name}]]" if name == "store" else f"[{name}]" for name in homes if name)
            return f"this key is not known here. It belongs in {heads or 'a table of its own'}."
    if nearest := get_close_matches(key, TABLES[table].model_fields, n=1, cutoff=0.6):
        return f"this key is not known. The nearest is {nearest[0]}."
    elsewhere = {name: model for name, model in TABLES.items() if name and name != table}
    for name, model in elsewhere.items():
        if nearest := get_close_matches(key, model.model_fields, n=1, cutoff=0.8):
            return f"this key is not known. The nearest is {nearest[0]} in [{name}]."
    return "this key is not known. Take the line out; outtray config schema lists every key."


def _folded(key: str) -> str:
    """Return a key as this file writes keys: clientId and client-id as client_id."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).replace("-", "_").replace(" ", "_").lower()


def _shown(key: str | int, value: object) -> str:
    if not isinstance(value, str):
        return in_file(value)
    # What stands before @ or after ? in an address may be a password; a proxy's with a slip in it may stand anywhere.
    hidden = re.sub(r"(?s)\?.*", "?...", re.sub(r"(?s).*@", "...@", value)) if key in _ADDRESSES else value
    if key == "proxy" and not _PLAIN_PROXY.fullmatch(hidden):
        return quoted("...")
    return quoted(hidden if len(hidden) <= _LONGEST_VALUE else hidden[:_LONGEST_VALUE] + "...")


def in_file(value: object) -> str:
    """Return a value as it would stand in the file; what is not set as a comment would say it."""
    if value is None:
        return "(none)"
    if isinstance(value, list):
        return f"[{', '.join(in_file(item) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else str(value)
