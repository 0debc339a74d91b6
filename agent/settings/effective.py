"""The settings as they hold: what the file says, and what is put in where it says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from agent.settings import locations
from agent.settings.schema import AttachmentsSettings, Settings


@dataclass(frozen=True)
class Effective:
    """One key with the value that holds, and whether the file gives it. `value` is plain: as it stands in JSON."""

    at: tuple[str | int, ...]
    value: Any
    source: Literal["file", "default"]


def effective(settings: Settings) -> Iterator[Effective]:
    """Yield every key of the settings, in the order of the file."""
    derived: dict[tuple[str | int, ...], str] = {("agent", "data_dir"): str(locations.data_folder(settings.agent))}
    for index, store in enumerate(settings.store):
        if isinstance(store.attachments, AttachmentsSettings):
            derived["store", index, "attachments", "base_url"] = store.attachments.service_url
            derived["store", index, "attachments", "token_url"] = store.attachments.service_token_url
    for at, value, given in _walk(settings, settings.model_dump(mode="json"), ()):
        yield Effective(at, derived.get(at) if value is None else value, "file" if given else "default")


def nested(keys: list[Effective]) -> dict[str, Any]:
    """Return the keys as the tables of the file, with lists of stores."""
    root: dict[str, Any] = {"store": []}
    for key in keys:
        table: Any = root
        for part, following in zip(key.at, key.at[1:], strict=False):
            if isinstance(part, int):
                table.extend({} for _ in range(len(table), part + 1))
                table = table[part]
            else:
                table = table.setdefault(part, [] if isinstance(following, int) else {})
        table[key.at[-1]] = key.value
    return root


def _walk(
    model: BaseModel, dumped: dict[str, Any], at: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any, bool]]:
    for name in type(model).model_fields:
        value, plain = getattr(model, name), dumped[name]
        if isinstance(value, BaseModel):
            yield from _walk(value, plain, (*at, name))
        elif isinstance(value, tuple) and all(isinstance(item, BaseModel) for item in value):
            for index, item in enumerate(value):
                yield from _walk(item, plain[index], (*at, name, index))
        else:
            yield (*at, name), plain, name in model.model_fields_set
