"""A store's own profiles: what its people said of their exports on the page, kept in the data folder as TOML.

The first is `<store>.toml`; an export with other columns gets `<store>.2.toml`, and so on. A name with a dot or a blank
in it stands there as in the store's environment variables, which no two stores share: so no file belongs to two stores.
Anyone may edit them: they are read anew with each file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from agent import own_files
from agent.intake.statements.problems import BAD_PROFILE, Unreadable
from agent.intake.statements.profile import MOST_BYTES, Profile, heading_keys, made_of, normal, parse
from agent.settings.values import environment_part

_one_at_a_time = Lock()


@dataclass(frozen=True)
class Kept:
    """One of a store's own profiles as it stands. `version`: another one as soon as a letter of its file is another."""

    path: Path
    profile: Profile
    version: str


class Answered(Exception):
    """What stands there is not what was seen. `now`: the answer of somebody else; None where it was removed."""

    def __init__(self, now: Kept | None) -> None:
        super().__init__("somebody has answered meanwhile")
        self.now = now


def own_profiles(folder: Path, store: str) -> tuple[Profile, ...]:
    """Return the store's own profiles, in the order in which they were made. Raises `Unreadable` for a broken one."""
    return tuple(kept.profile for kept in answers(folder, store))


def answers(folder: Path, store: str) -> list[Kept]:
    """Return the store's own profiles with their files. Raises `Unreadable` for a broken one."""
    pattern = re.compile(re.escape(_stem(store)) + r"(?:\.([1-9][0-9]{0,3}))?\.toml")
    try:
        matches = ((path, pattern.fullmatch(path.name)) for path in folder.iterdir())
        found = {int(match[1] or 1): path for path, match in matches if match}
    except FileNotFoundError:
        return []
    except OSError as trouble:
        raise _unusable(folder.name) from trouble
    return [_read(path) for _, path in sorted(found.items())]


def answer_for(known: Iterable[Kept], headings: Sequence[str]) -> Kept | None:
    """Return which of a store's own profiles is for a row with these headings and no others; None where none is."""
    return next((kept for kept in known if _is_for(kept.profile, heading_keys(headings))), None)


def with_answer(known: Sequence[Kept], profile: Profile) -> tuple[Profile, ...]:
    """Return the store's own profiles as they will be once this one is kept."""
    replaced = answer_for(known, profile.recognise.headings)
    others = [profile if kept is replaced else kept.profile for kept in known]
    return tuple(others if replaced else [*others, profile])


def keep(folder: Path, store: str, profile: Profile, was: str | None = None) -> Path:
    """Remember a profile as the store's own, in place of one for the same headings, and return where it stands.

    `was`: the version of the one that it is to replace, empty where there was none. It is written whole before it gets
    its name. Raises OSError, `Unreadable` where a file there is broken, and `Answered` where `was` is not what stands.
    """
    with _one_at_a_time:
        own_files.make_folder(folder)
        known = answers(folder, store)
        replaced = answer_for(known, profile.recognise.headings)
        if was is not None and was != (replaced.version if replaced else ""):
            raise Answered(replaced)
        path = replaced.path if replaced else _next(folder, store, known)
        temporary = folder / f".{path.name}.{secrets.token_hex(4)}.tmp"
        try:
            with own_files.open_new(temporary) as file:
                file.write(as_toml(profile).encode())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        return path


def forget(folder: Path, store: str, version: str) -> Profile:
    """Remove the own profile of this version, and return it: files with its headings are asked about again.

    Raises OSError, `Unreadable`, and `Answered` where no file is of this version any more.
    """
    with _one_at_a_time:
        kept = next((kept for kept in answers(folder, store) if kept.version == version), None)
        if kept is None:
            raise Answered(None)
        kept.path.unlink()
        return kept.profile


def changed(profile: Profile, columns: Iterable[Sequence[str]], layout: Mapping[str, str]) -> Profile:
    """Return a profile with other fields for some of its headings, (heading, field), and other ways of writing.

    Raises ValueError, in a sentence, where it knows no such heading or field, or would be no profile any more.
    """
    fields = {heading: field for field, headings in profile.columns.items() for heading in headings}
    fields |= dict.fromkeys(profile.ignore, "")
    known = {normal(heading): heading for heading in fields}
    for heading, field in columns:
        if normal(heading) not in known:
            raise ValueError(f"{profile.name} knows no column {heading}. Its columns are: {', '.join(fields)}.")
        fields[known[normal(heading)]] = field
    said = profile.model_dump()
    said["columns"] = {field: tuple(h for h in fields if fields[h] == field) for field in fields.values() if field}
    said["ignore"] = tuple(heading for heading, field in fields.items() if not field)
    said["layout"] |= layout
    several = [field for field, headings in said["columns"].items() if len(headings) > 1]
    if several:
        raise ValueError(f"Two columns would be the {several[0]}. Say what the other one is, too.")
    try:
        return made_of(said, profile.name)
    except Unreadable as unreadable:
        raise ValueError(unreadable.problem.sentence) from None


def as_toml(profile: Profile) -> str:
    """Return the profile as the text of its file: what `parse` reads as the same profile."""
    said = profile.model_dump(exclude_defaults=True)
    sections = {key: value for key, value in said.items() if isinstance(value, Mapping)}
    plain = {key: value for key, value in said.items() if key not in sections}
    texts = [_table(plain), *(f"[{name}]\n{_table(section)}" for name, section in sections.items())]
    return "\n".join(texts)


def _table(values: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_value, value))}]"
    # JSON and TOML write texts, whole numbers, true and false alike, but for the one character that JSON leaves as is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _stem(store: str) -> str:
    return store if re.fullmatch(r"[A-Za-z0-9_-]+", store) else environment_part(store).lower()


def _read(path: Path) -> Kept:
    try:
        data = own_files.read_whole(path, MOST_BYTES)
        profile = parse(data.decode("utf-8-sig"), path.name)
    except (OSError, UnicodeDecodeError) as trouble:
        raise _unusable(path.name) from trouble
    return Kept(path, profile, hashlib.sha256(path.name.encode() + data).hexdigest()[:24])


def _unusable(name: str) -> Unreadable:
    return Unreadable(BAD_PROFILE.problem(profile=name, reason="it cannot be read as UTF-8 text."))


def _next(folder: Path, store: str, known: Sequence[Kept]) -> Path:
    """Return the file for one more: of two that fit a file alike, what was said last is taken."""
    if not known:
        return folder / f"{_stem(store)}.toml"
    number = int((re.search(r"\.([0-9]+)\.toml$", known[-1].path.name) or ("", 1))[1])
    return folder / f"{_stem(store)}.{number + 1}.toml"


def _is_for(known: Profile, keys: list[str]) -> bool:
    every = (known.recognise.headings, (*known.recognise.headings, *known.ignore))
    return any(heading_keys(headings) == keys for headings in every[: 1 if known.recognise.whole_row else 2])
