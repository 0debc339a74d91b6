"""A store's own profiles: what its people said of their exports on the page, kept in the data folder as TOML.

The first is `<store>.toml`; an export with other columns gets `<store>.2.toml`, and so on. A name with a dot or a blank
in it stands there as in the store's environment variables, which no two stores share: so no file belongs to two stores.
Anyone may edit them: they are read anew with each file.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent import own_files
from agent.intake.statements.problems import BAD_PROFILE, Unreadable
from agent.intake.statements.profile import Profile, normal, parse
from agent.settings.values import environment_part


def own_profiles(folder: Path, store: str) -> tuple[Profile, ...]:
    """Return the store's own profiles, in the order in which they were made. Raises `Unreadable` for a broken one."""
    return tuple(profile for _, profile in _kept(folder, store))


def keep(folder: Path, store: str, profile: Profile) -> Path:
    """Remember a profile as the store's own, in place of one for the same headings, and return where it stands.

    It is written whole before it gets its name. Raises OSError, and `Unreadable` where a file there is broken.
    """
    own_files.make_folder(folder)
    kept = _kept(folder, store)
    same = [path for path, known in kept if _headings(known) == _headings(profile)]
    path = same[0] if same else _free(folder, store)
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


def _kept(folder: Path, store: str) -> list[tuple[Path, Profile]]:
    pattern = re.compile(re.escape(_stem(store)) + r"(?:\.([1-9][0-9]{0,3}))?\.toml")
    try:
        matches = ((path, pattern.fullmatch(path.name)) for path in folder.iterdir())
        found = {int(match[1] or 1): path for path, match in matches if match}
    except FileNotFoundError:
        return []
    except OSError as trouble:
        raise _unusable(folder.name) from trouble
    return [(path, _read(path)) for _, path in sorted(found.items())]


def _read(path: Path) -> Profile:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as trouble:
        raise _unusable(path.name) from trouble
    return parse(text, path.name)


def _unusable(name: str) -> Unreadable:
    return Unreadable(BAD_PROFILE.problem(profile=name, reason="it cannot be read as UTF-8 text."))


def _free(folder: Path, store: str) -> Path:
    stem, number = _stem(store), 1
    path = folder / f"{stem}.toml"
    while path.exists():
        number += 1
        path = folder / f"{stem}.{number}.toml"
    return path


def _headings(profile: Profile) -> frozenset[str]:
    return frozenset(map(normal, profile.recognise.headings))
