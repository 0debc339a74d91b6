"""What single values of the settings file may be, and what to do where one may not.

Each function takes a value as it stands in the file and returns it as OutTray uses it. What it raises is told to people
behind the key and the value, so the sentences speak of neither again.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable
from pathlib import Path, PurePath, PureWindowsPath
from string import Formatter
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from pydantic_core import PydanticCustomError

from agent.npi import is_npi

UPLOAD_NAME_FIELDS = ("name", "stem", "suffix", "date", "time", "store")

_DEVICE_NAMES = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}
)
_NOT_IN_FILE_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kKMG]?)B/s")
_RATE_UNITS = {"": 1, "k": 1_000, "K": 1_000, "M": 1_000_000, "G": 1_000_000_000}
_SLOWEST_RATE = 1_000
_LONGEST_STORE_NAME = 64
_ULID_LENGTH = 26


def refuse(sentence: str) -> NoReturn:
    """Refuse a value with a sentence for people, which pydantic carries as it is."""
    raise told(sentence)


def told(sentence: str) -> PydanticCustomError:
    """Return a sentence as what pydantic carries; as a fact and not as the template, since sentences hold braces."""
    return PydanticCustomError("told", "{sentence}", {"sentence": sentence})


def store_name(text: str) -> str:
    """Check a store's name, which is part of commands, file names, keyring entries and environment variables.

    Variables have `_` for whatever is no letter or digit (`environment_part`), so no more is asked of it than of the
    name of a folder.
    """
    plain = text.isprintable() and not _NOT_IN_FILE_NAMES.search(text) and not text.endswith((" ", "."))
    device = text.partition(".")[0].rstrip().upper() in _DEVICE_NAMES
    if plain and text[:1].isalnum() and len(text) <= _LONGEST_STORE_NAME and not device:
        return text
    nearest = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")[:_LONGEST_STORE_NAME] or "main-street"
    suggestion = f"{nearest}-1" if nearest.upper() in _DEVICE_NAMES else nearest
    refuse(
        "a store's name could be a folder's: it begins with a letter or a digit, has at most 64 characters, none of "
        f'/ \\ : * ? < > | and quotes in it, and is no name that Windows keeps for itself. Write it as "{suggestion}".'
    )


_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}").fullmatch


def ulid(value: str) -> str:
    """Check an id of the statements service, which are ULIDs: 26 digits and capitals, without I, L, O and U."""
    if _ULID(value):
        return value
    if _ULID(value.upper()):
        refuse(f"the service writes its ids in capitals. Write it as {quoted(value.upper())}.")
    mistaken = value.upper().translate(str.maketrans("ILO", "110"))
    if len(value) == _ULID_LENGTH:
        hint = f" Is it {quoted(mistaken)}?" if _ULID(mistaken) else ""
        refuse(f"an id of the statements service has no letters I, L, O and U and begins with 0 to 7.{hint}")
    refuse(
        f"an id of the statements service has 26 characters, such as 01GDG5BZA29R3SZMZ63Y2GFENV, and this one has "
        f"{len(value)}. Copy it anew from what the service sent."
    )


def environment_part(store: str) -> str:
    """Return a store's or a secret's name as it stands in an environment variable: MAIN_STREET for main-street."""
    return re.sub(r"[^A-Z0-9]", "_", store.upper())


def text(value: str) -> str:
    """Check a text that must say something."""
    if not value.strip():
        refuse("nothing stands between the quotes. Fill it in, or take the line out if it is not needed.")
    if not value.isprintable():
        refuse(
            "there is a line break, a tab or another character in it that cannot be seen. In double quotes a backslash "
            "begins such a character: use single quotes, and type the text again."
        )
    if value != value.strip():
        refuse(f"there is a blank before or after it. Write it as {quoted(value.strip())}.")
    return value


def path(value: object) -> object:
    """Return a path with `~` and environment variables put in; what is no text is left for the type check."""
    if isinstance(value, PurePath):
        return value
    return expanded(value) if isinstance(value, str) else value


def expanded(value: str) -> str:
    """Return a text with `~` and environment variables put in."""
    result = os.path.expanduser(os.path.expandvars(text(value)))  # noqa: PTH111 - may yet be a mere name
    if unset := re.search(r"%([A-Za-z_]\w*)%|\$\{(\w+)\}", result):
        name = unset[1] or unset[2]
        refuse(f"the environment variable {name} is not set for this account. Set it, or write the whole path.")
    return result


def absolute(value: Path, flavour: type[PurePath] = Path) -> Path:
    """Check that a folder is written out from the drive, the share or the root, as `flavour` writes paths."""
    if flavour(value).is_absolute():
        return value
    windows = isinstance(flavour(value), PureWindowsPath)
    if not windows and PureWindowsPath(value).drive:
        refuse("this is a path of a Windows PC, and this computer is none. Write a path of this computer.")
    example = r"C:\Scans\Claims, or \\server\share\Scans" if windows else "/srv/scans"
    refuse(f"this folder does not begin at a drive, a share or the root. Write the whole path, such as {example}.")


def shelf(value: str, flavour: type[PurePath] = Path) -> str:
    """Check a shelf: the plain name of a folder inside the watched folder, or an absolute path."""
    result = expanded(value)
    if flavour(result).is_absolute():
        return result
    if plain_name_fault(result):
        refuse("a shelf is the plain name of a folder inside the watched folder, or a whole path. Write one of these.")
    return result


def plain_name_fault(name: str) -> bool:
    """Tell whether `name` cannot be a file's or a folder's own name on every system that OutTray runs on."""
    return bool(
        _NOT_IN_FILE_NAMES.search(name)
        or name in {"", ".", ".."}
        or name != name.rstrip(". ")
        or name.partition(".")[0].upper() in _DEVICE_NAMES
    )


def pattern(value: str) -> str:
    """Check one pattern of `include`: it is compared with a file's own name."""
    if re.search(r"[/\\]", text(value)):
        refuse("a pattern is compared with a file's name alone. Write it without a folder, such as *.xml.")
    return value


def patterns(value: tuple[str, ...]) -> tuple[str, ...]:
    """Check that `include` names something."""
    if not value:
        refuse('the list is empty. Name at least one, such as ["*.xml"], or take the line out.')
    return value


def service_url(value: str) -> str:
    """Return a service's address without a slash at its end: https, or plain http to this computer itself."""
    parts = _split(value)
    if parts.username is not None or parts.password is not None:
        refuse("the address holds a user name or a password, which never stand in this file. Take them out.")
    if parts.query or parts.fragment or "?" in value or "#" in value:
        refuse("the address goes on after ? or #. Write only the part before.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        refuse("plain http would send patient data in the clear. Write the address with https://.")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        refuse("this is not the whole address of a service. Write it as https://host.example.com/path.")
    return value.rstrip("/")


def proxy(value: str) -> str:
    """Check a proxy's address, which is spoken to in plain http as a rule; what goes through it is encrypted."""
    parts = _split(value)
    if "@" in value:  # also behind a sign that would have to be written as an escape
        refuse(
            "the address holds a user name or a password, which never stand in this file. Take the line out, and set "
            "the environment variable HTTPS_PROXY for the account that runs OutTray."
        )
    is_host_alone = parts.path in ("", "/") and not parts.query and not parts.fragment
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_host_alone:
        refuse("this is not the whole address of a proxy. Write it as http://proxy.example.com:8080.")
    return value


def _split(value: str) -> SplitResult:
    if re.search(r"\s", text(value)):
        refuse("there is a blank in the address. Write it without.")
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for a port that is none
    except ValueError:
        refuse("the host or the port in this address cannot be read. Write it as https://host.example.com:443/path.")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def create_path(value: str) -> str:
    """Check the part of an address that comes after `base_url`."""
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", value) or "/.." in value:
        refuse("this is the part of the address after base_url. Write it as /attachments/documents.")
    return value


def upload_limit(value: str) -> str:
    """Check a speed."""
    bytes_per_second(value)
    return value


def bytes_per_second(value: str) -> int:
    """Return a speed such as 2 MB/s in bytes per second; 1 MB is 1,000,000 bytes, 1 kB is 1,000."""
    match = _RATE.fullmatch(value.strip())
    if match is None:
        refuse("this is not a speed. Write it as 2 MB/s or 500 kB/s (B for bytes, a point for fractions).")
    rate = int(float(match[1]) * _RATE_UNITS[match[2]])
    if rate < _SLOWEST_RATE:
        refuse("at this speed nothing would ever arrive. Write 1 kB/s or more, or take the line out for no limit.")
    return rate


def ledger(value: str) -> str:
    """Check the kind of ledger."""
    if value == "sqlite":
        return value
    if value.startswith(("postgresql:", "postgresql+", "postgres:")):
        refuse('a ledger in PostgreSQL is not supported yet. Write ledger = "sqlite", or take the line out.')
    refuse('this kind of ledger is not known. Write ledger = "sqlite", or take the line out.')


def upload_name(value: str) -> str:
    """Check the template of the name under which a statement file is uploaded."""
    fields = ", ".join(f"{{{name}}}" for name in UPLOAD_NAME_FIELDS)
    try:
        parts = list(Formatter().parse(text(value)))
    except ValueError:
        refuse(f"a brace stands alone in it. Write fields as {fields}.")
    used = {field for _, field, _, _ in parts if field is not None}
    plain = "".join(literal for literal, _, _, _ in parts)
    if used - set(UPLOAD_NAME_FIELDS) or any(spec or conversion for _, _, spec, conversion in parts):
        refuse(f"it holds a field that is not known. The fields are {fields}.")
    if _NOT_IN_FILE_NAMES.search(plain):
        refuse('a file name cannot hold / \\ : * ? " < > or |. Use a blank or a - between the fields.')
    if not used & {"name", "stem"}:
        refuse("every file would get the same name. Put {stem} or {name} into it.")
    return value


def provider_npi(value: str) -> str:
    """Check a provider's NPI."""
    if not is_npi(value):
        refuse("an NPI has ten digits, and its last digit must check the others. Compare it with the NPI registry.")
    return value


def at_most(length: int) -> Callable[[str], str]:
    """Return a check that a text is at most so many characters long, as the service takes no more."""

    def check(value: str) -> str:
        if len(value) > length:
            refuse(f"the service takes at most {length} characters, and this has {len(value)}. Shorten it.")
        return value

    return check


def quoted(value: str) -> str:
    """Return a text as it would stand in the file, in the quotes that leave backslashes alone where they can."""
    if "'" not in value and value.isprintable():
        return f"'{value}'" if "\\" in value or '"' in value else f'"{value}"'
    escaped = "".join(f"\\u{ord(c):04x}" if not c.isprintable() else c for c in value.replace("\\", "\\\\"))
    return '"' + escaped.replace('"', '\\"') + '"'
