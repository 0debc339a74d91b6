"""Puts the real parts together: what the settings ask for, on this PC's disks, clocks and network."""

from __future__ import annotations

import hashlib
import random
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agent import own_files
from agent.clock import Clock, SystemClock
from agent.delivery.alone import alone
from agent.delivery.board import Board
from agent.delivery.control import Control
from agent.delivery.installation import installation_of, let_go
from agent.delivery.jobs import ThreadJobs
from agent.delivery.lane import Lane
from agent.delivery.planner import Terms
from agent.delivery.snapshot import Snapshot
from agent.delivery.status import snapshot_of
from agent.delivery.verification import AsksAfterwards
from agent.folder.filesystem import FileSystem, FileSystemProblem
from agent.folder.watching import Watcher
from agent.intake.lanes import intake_for
from agent.intake.noted import Notes
from agent.intake.statements.spool import empty_spool
from agent.ledger.ledger import Ledger
from agent.ledger.opening import UNUSABLE, LedgerUnavailable, Opened, open_ledger
from agent.log import log, where
from agent.model import LaneId
from agent.settings.account import account_of
from agent.settings.locations import data_folder, ledger_file, named_folders, profiles_folder, spool_folder
from agent.settings.schema import AttachmentsSettings, LaneSettings, Settings, StatementsSettings, StoreSettings
from agent.settings.secrets import SECRET_OF, Secrets

if TYPE_CHECKING:
    import httpx
    from sqlalchemy import Engine as Database

    from agent.destinations.attachments import AttachmentsDestination
    from agent.destinations.limiter import UploadLimiter
    from agent.destinations.statements import StatementsDestination

_NOT_OURS = (
    "is not this account's alone, so what OutTray keeps there could be read or changed by others. "
    "Give it to the account that OutTray runs under, or name another folder in the settings ([agent] data_dir)."
)
_FROM_ANOTHER_PC = (
    "OutTray's data came from another PC. What that PC had on its way is left to it, and can be taken over once it is "
    "not heard of any more."
)
SETTINGS_CHANGED = "settings-changed"
LEDGER_PATIENCE = 2.0  # seconds for each try to open it: until then nobody is shown anything


class Opening:
    """Opens the ledger, at the start or, where another program holds it or the disk is full, later."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self.opened: Opened | None = None
        self.trouble = ""
        self._stood = (0, 0)

    def __call__(self) -> Database:
        """Return what was opened. Raises LedgerUnavailable."""
        try:
            self.opened = open_ledger(self._path, self._clock.now(), patience=LEDGER_PATIENCE)
        except LedgerUnavailable as trouble:
            self.trouble = str(trouble)
            raise
        self._stood = self._identity()
        return self.opened.engine

    def is_there(self) -> bool:
        """Tell whether the file that was opened stands where it stood; also where that cannot be told."""
        try:
            return self._identity() == self._stood
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def _identity(self) -> tuple[int, int]:
        found = self._path.stat()
        return found.st_dev, found.st_ino


@dataclass
class Engine:
    """A whole agent: the control thread's object and everything that has to be closed behind it."""

    settings: Settings
    control: Control
    opening: Opening
    ledger: Ledger
    board: Board = field(default_factory=Board)
    came_from_another_pc: bool = False
    closing: list[Callable[[], None]] = field(default_factory=list)
    failed: BaseException | None = None
    is_running: bool = False

    def snapshot(self) -> Snapshot:
        """Return what the agent is doing."""
        return snapshot_of(self.control.state, self.notes)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the agent has to say about itself."""
        opened = self.opening.opened
        if opened is None:
            return ("The ledger cannot be used yet. OutTray tries again by itself; until then nothing is sent.",)
        if opened.set_aside is not None:
            why = "was damaged" if opened.why == "damaged" else "was written by a newer OutTray"
            what = f"The ledger {why} and was set aside as {opened.set_aside.name}."
        elif self.control.state.replaced:
            what = "The ledger was deleted while OutTray worked with it, or another was put in its place."
        elif self.control.state.outdated:
            what = "The ledger is older than what stands on the shelves: an old copy of it was restored, perhaps."
        elif self.control.state.adopted:
            what = "The ledger was missing."
        elif self.came_from_another_pc:
            return (_FROM_ANOTHER_PC,)
        else:
            return ()
        return (f"{what} OutTray goes on from what stands on the shelves.",)

    def run(self) -> None:
        """Run the control loop in this thread until it is stopped. Raises what ended it, if anything did.

        Its end stands on the board at once: whoever shows what the agent does must not go on showing what it did.
        """
        self.is_running = True
        try:
            self.control.run()
        except BaseException as trouble:
            self.failed = trouble
            log.critical("the engine has stopped", extra={"trouble": where(trouble)})
            raise
        finally:
            self.is_running = False
            self.board.end()

    def start(self) -> threading.Thread:
        """Run the control loop in a thread of its own; `failed` tells afterwards what ended it."""

        def loop() -> None:
            try:
                self.run()
            except Exception:  # noqa: BLE001 - kept in `failed` and logged by `run`; the thread's end is watched
                return

        thread = threading.Thread(target=loop, name="control")
        self.is_running = True
        thread.start()
        return thread


@contextmanager
def engine(
    settings: Settings,
    *,
    clock: Clock | None = None,
    secrets: Secrets | None = None,
    ssl_context: ssl.SSLContext | None = None,
    dice: random.Random | None = None,
    watch: bool = True,
) -> Iterator[Engine]:
    """Make an agent ready to run, and close everything behind it. `dice` decides the jitter between tries.

    A ledger that is locked, or for which there is no room, is the agent's trouble, and is opened once it can be.

    Raises AlreadyRunning, or LedgerUnavailable where waiting will not help, or the data folder cannot be written.
    """
    folder = data_folder(settings.agent)
    try:
        own_files.make_folder(folder, may_be_link=True)
        own_files.touch(folder / "agent.lock")
    except PermissionError as trouble:
        raise LedgerUnavailable(f"The data folder {folder} {_NOT_OURS}") from trouble
    except OSError as trouble:
        raise LedgerUnavailable(f"The data folder {folder} cannot be written: {trouble.strerror}.") from trouble
    with alone(folder):
        own_files.close_all(folder)
        made = _build(settings, folder, clock or SystemClock(), secrets or Secrets(), ssl_context, dice, watch)
        try:
            yield made
        finally:
            for close in reversed(made.closing):
                close()


def _build(
    settings: Settings,
    folder: Path,
    clock: Clock,
    secrets: Secrets,
    ssl_context: ssl.SSLContext | None,
    dice: random.Random | None,
    watch: bool,
) -> Engine:
    from agent.destinations.limiter import UploadLimiter
    from agent.destinations.transport import build_client
    from agent.folder.real import RealFileSystem

    fs = RealFileSystem(named_folders(settings))
    spool = spool_folder(settings.agent)
    try:
        empty_spool(spool)
    except OSError as trouble:  # each statement file that needs it says so
        log.warning("the spool cannot be used", extra={"trouble": where(trouble)})
    installation = installation_of(folder)  # before there is a new ledger: an older OutTray's is known by having none
    opening = Opening(ledger_file(settings.agent), clock)
    ledger = Ledger(opening, opening.is_there)
    try:
        ledger.open()
    except LedgerUnavailable as trouble:
        if not trouble.may_pass:
            raise
        log.warning("the ledger cannot be opened yet", extra={"trouble": where(trouble)})
    _note_settings(ledger, settings, clock)
    limiter = UploadLimiter(settings.agent.upload_bytes_per_second, clock.steady)
    client = build_client(proxy=settings.agent.proxy, senders=settings.agent.senders, ssl_context=ssl_context)
    lanes: dict[LaneId, Lane] = {}
    made: list[Engine] = []
    for store in settings.store:
        for lane_id, lane in store.lanes.items():
            destination = destination_for(store, lane, lane_id, secrets, client, fs, limiter, clock)
            lanes[lane_id] = Lane(
                lane_id,
                lane,
                terms_of(store, lane),
                fs,
                clock,
                intake_for(lane, lane_id, fs, spool, profiles_folder(settings.agent), Notes(folder / "looks")),
                destination,
                verifier=_verifier(lane, destination),
                duplicate_days=lane.duplicate_days,
                watcher=_watcher(lane, fs, partial(_pass_on, made, lane_id)) if watch else None,
                installation=installation.id,
            )
    jobs = ThreadJobs(settings.agent.senders)
    control = Control(
        lanes,
        ledger,
        clock,
        jobs,
        senders=settings.agent.senders,
        keep_sent_days=settings.agent.keep_sent_days,
        keep_failed_days=settings.agent.keep_failed_days,
        show_names=settings.agent.show_names,
        dice=dice,
        before_all=partial(let_go, folder, installation),
        changed=lambda _state: made[0].board.put(made[0].snapshot()),
    )
    built = Engine(settings, control, opening, ledger, came_from_another_pc=installation.copied)
    made.append(built)
    built.closing += [client.close, ledger.close, jobs.close, control.inbox.cancel.set, control.inbox.close]
    if watch:
        for one in lanes.values():
            if one.watcher is not None:
                one.watcher.start(clock.steady())
                built.closing.append(one.watcher.stop)
    return built


def _note_settings(ledger: Ledger, settings: Settings, clock: Clock) -> None:
    """Write down that the settings are others than at the last start: by their digest, not by what they say."""
    digest = hashlib.sha256(settings.model_dump_json().encode()).hexdigest()
    try:
        if (ledger.last_detail(SETTINGS_CHANGED) or {}).get("sha256") != digest:
            with ledger.transaction(synced=False) as tx:
                tx.note(clock.now(), SETTINGS_CHANGED, sha256=digest)
    except UNUSABLE as trouble:
        log.warning("whether the settings have changed cannot be written down", extra={"trouble": where(trouble)})


def _verifier(lane: LaneSettings, destination: AttachmentsDestination | StatementsDestination) -> AsksAfterwards | None:
    asked_for = isinstance(lane, StatementsSettings) and lane.verify
    return destination if asked_for and hasattr(destination, "marked_as_failed") else None


def _watcher(lane: LaneSettings, fs: FileSystem, hint: Callable[[], None]) -> Watcher:
    try:
        remote = fs.is_remote(lane.folder)
    except FileSystemProblem:
        remote = False
    return Watcher(lane, hint, remote=remote)


def _pass_on(made: list[Engine], lane: LaneId) -> None:
    for built in made:
        built.control.inbox.hint(lane)


def destination_for(
    store: StoreSettings,
    lane: LaneSettings,
    lane_id: LaneId,
    secrets: Secrets,
    client: httpx.Client,
    fs: FileSystem,
    limiter: UploadLimiter,
    clock: Clock,
) -> AttachmentsDestination | StatementsDestination:
    """Return the service that a lane's packets go to."""

    def secret() -> str | None:
        return secrets.get(lane_id.store, SECRET_OF[lane_id.kind])

    if isinstance(lane, AttachmentsSettings):
        from agent.destinations.attachments import AttachmentsDestination

        return AttachmentsDestination(
            store=store.name,
            base_url=lane.service_url,
            token_url=lane.service_token_url,
            client_id=lane.client_id or "",
            secret=secret,
            client=client,
            files=fs,
            limiter=limiter,
            clock=clock,
            create_path=lane.create_path,
            request_style=lane.request_style,
        )
    assert isinstance(lane, StatementsSettings)  # noqa: S101 - there are two kinds
    from agent.destinations.statements import StatementsDestination

    return StatementsDestination(
        store=store.name,
        base_url=lane.base_url,
        store_id=store.store_id or "",
        api_key=secret,
        client=client,
        files=fs,
        limiter=limiter,
        clock=clock,
    )


def terms_of(store: StoreSettings, lane: LaneSettings) -> Terms:
    """Return what of the settings the planner has to know."""
    rule = lane.filename_rule if isinstance(lane, StatementsSettings) else None
    return Terms(
        waiting_hours=lane.waiting_hours,
        give_up_hours=lane.give_up_after,
        account=account_of(store, lane),
        scope=rule.scope if rule else "filename",
        on_conflict=rule.on_conflict if rule else "hold",
        duplicate_days=lane.duplicate_days,
    )
