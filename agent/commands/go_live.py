"""`outtray config go-live`: the step out of the sandbox, which names what changes before it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from agent.commands.options import USAGE_OR_SETTINGS, ConfigOption, JsonOption, answer_json, load_or_exit
from agent.console import say, tell

if TYPE_CHECKING:
    from agent.model import LaneId
    from agent.settings.schema import Settings


def go_live(
    ctx: typer.Context,
    lanes: Annotated[
        list[str] | None, typer.Argument(metavar="[LANE]...", help="Such as main-street/attachments. Default: all.")
    ] = None,
    statements_url: Annotated[
        str, typer.Option("--statements-url", metavar="URL", help="The real statements service's address.")
    ] = "",
    client_id: Annotated[
        str, typer.Option("--client-id", metavar="ID", help="The practice's at the real attachments service.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: for scripts.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Leave the sandbox: say what changes, ask, and write it into the settings. The former file is kept beside it."""
    from agent.settings.going_live import NotLive, live_text, on_a_sandbox, replace
    from agent.settings.reading import read

    loaded = load_or_exit(config, ctx)
    on_one = on_a_sandbox(loaded.settings)
    chosen = [lane for lane in on_one if not lanes or str(lane) in lanes]
    if strange := [lane for lane in lanes or () if lane not in map(str, on_one)]:
        _refuse(f"No lane of this name sends to a sandbox: {', '.join(strange)}.", as_json)
    if not chosen:
        _answer([], {}, None, as_json, "No lane sends to a sandbox. Nothing was changed.")
        return
    try:
        text, settings = live_text(
            read(loaded.path), loaded.path, chosen, statements_url=statements_url, client_id=client_id
        )
    except NotLive as reason:
        _refuse(str(reason), as_json)
    where = {str(lane): _address(settings, lane) for lane in chosen}
    sentences = list(_what_changes(settings, chosen))
    if not as_json:
        for sentence in sentences:
            say(sentence)
    if not yes and (as_json or not _agreed()):
        _answer(sentences, where, None, as_json, "Nothing was changed.")
        return
    try:
        before = replace(loaded.path, text)
    except OSError as trouble:
        _refuse(f"{loaded.path} could not be written ({trouble.strerror}). Nothing was changed.", as_json)
    done = f"{loaded.path} is changed, from the next start on. The former file stands as {before.name} beside it."
    _answer(sentences, where, before, as_json, done)


def _what_changes(settings: Settings, lanes: Sequence[LaneId]) -> list[str]:
    from agent.delivery.reconcile.going_live import leaving_the_sandbox
    from agent.settings.secrets import SECRET_OF

    remembered = dict(leaving_the_sandbox(settings))
    said = [f"{lane} will send to {_address(settings, lane)}, where everything counts." for lane in lanes]
    said += [f"{one.sentence} {one.what_to_do}" for lane in lanes if (one := remembered.get(lane))]
    new = [lane for lane in lanes if lane not in remembered]
    keys = dict.fromkeys(f"outtray secret set {lane.store}/{SECRET_OF[lane.kind]}" for lane in new)
    return said + [
        f"Keep the real service's key with {key}, and run outtray doctor before the next start." for key in keys
    ]


def _address(settings: Settings, lane: LaneId) -> str:
    from agent.settings.schema import AttachmentsSettings, StatementsSettings

    one = settings.lanes[lane]
    assert isinstance(one, AttachmentsSettings | StatementsSettings)  # noqa: S101 - there are two kinds
    return one.service_url if isinstance(one, AttachmentsSettings) else one.base_url


def _agreed() -> bool:
    try:
        return typer.confirm("Write this into the settings?", default=False, err=True)
    except typer.Abort:
        tell("")
        return False


def _answer(sentences: Sequence[str], where: Mapping[str, str], before: Path | None, as_json: bool, done: str) -> None:
    if as_json:
        kept = str(before) if before else None
        answer_json({"changed": before is not None, "lanes": where, "sentences": list(sentences), "before": kept})
    else:
        say(done)


def _refuse(sentence: str, as_json: bool) -> NoReturn:
    if as_json:
        answer_json({"changed": False, "lanes": {}, "sentences": [sentence], "before": None})
    else:
        tell(sentence)
    raise typer.Exit(USAGE_OR_SETTINGS)
