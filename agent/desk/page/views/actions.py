"""What people do with a button: each is asked of the control thread, and answered by leading back to where it stood.

Nothing here changes a packet by itself, and every wish carries the OS user's name into the journal.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.delivery.all_failed import of_all
from agent.delivery.places import past_of
from agent.delivery.requests import Request as Wish
from agent.delivery.requests import Verb
from agent.delivery.snapshot import PacketSnapshot
from agent.desk.opening import may_show, show_file, show_folder
from agent.desk.page.page import Page
from agent.desk.page.tokens import meant
from agent.desk.page.words import files_name
from agent.desk.standing import shelf_of, standing_files
from agent.folder.filesystem import FileSystemProblem
from agent.ledger import lookups
from agent.ledger.records import PacketRecord
from agent.model import LaneId, PacketState
from agent.settings.schema import LaneSettings

PATIENCE = 2.0  # seconds; the control thread answers at its next step


class Actions:
    """The handlers of every button."""

    def __init__(
        self,
        page: Page,
        show_folder: Callable[[Path], bool] = show_folder,
        show_file: Callable[[Path], bool] = show_file,
    ) -> None:
        self._page = page
        self._desk = page.desk
        self._show_folder = show_folder
        self._show_file = show_file

    def retry(self, request: Request) -> Response:
        """Send a failed packet again."""
        packet = self._packet(request)
        if packet is None or packet.state is not PacketState.FAILED or packet.resolved_at is not None:
            return self._back(request, "gone")
        return self._ask(request, "retry", "retry", packets=(packet.id,))

    def retry_failed(self, request: Request) -> Response:
        """Send everything again that has failed, but for what was withdrawn and what may have arrived."""
        failed = of_all(lookups.needing_someone(self._desk.ledger))
        if not failed:
            return self._back(request, "gone")
        return self._ask(request, "retry-failed", "retry", packets=failed)

    def withdraw(self, request: Request) -> Response:
        """Withdraw a held packet."""
        packet = self._packet(request)
        if packet is None or packet.state is not PacketState.HELD:
            return self._back(request, "gone")
        return self._ask(request, "withdraw", "withdraw", packets=(packet.id,))

    def dismiss(self, request: Request) -> Response:
        """Take from the list what a person has seen to; its files stay on their shelf."""
        packet = self._packet(request)
        if packet is None or packet.resolved_at is not None:
            return self._back(request, "gone")
        return self._ask(request, "dismiss", "dismiss", packets=(packet.id,))

    def ask_withdraw(self, request: Request) -> Response:
        """Ask whether a held packet is to be withdrawn, where the page's dialog cannot."""
        packet = self._desk.ledger.packet(request.path_params["packet"])
        if packet is None or packet.state is not PacketState.HELD:
            return self._back(request, "gone")
        name = files_name([file.name for file in packet.documents], packet.name)
        return self._page.render(request, "withdraw.html", packet=packet.id, name=name)

    def pause(self, request: Request) -> Response:
        """Pause a lane, or all."""
        return self._lanes(request, "pause")

    def resume(self, request: Request) -> Response:
        """Let a lane go on, or all; a blocked one tries again."""
        return self._lanes(request, "resume")

    def look(self, request: Request) -> Response:
        """Look into a lane's folder before its time."""
        return self._lanes(request, "look")

    def adopt(self, request: Request) -> Response:
        """Take over what a PC that is not heard of any more has left in a lane."""
        return self._lanes(request, "adopt")

    def open_folder(self, request: Request) -> Response:
        """Open a lane's folder on this PC."""
        lane = self._lane(request)
        return self._back(request, "gone") if lane is None else self._shown(request, "open", lane[1].folder)

    def show(self, request: Request) -> Response:
        """Show where a packet's first file stands, or a file that waits in a lane's folder."""
        packet = self._packet(request)
        if packet is not None:
            lane = self._desk.settings.lanes.get(packet.lane)
            if lane is None:
                return self._back(request, "gone")
            try:
                paths = standing_files(self._desk.files, packet, lane, past_of(self._desk.ledger, packet.lane))
            except FileSystemProblem:
                return self._back(request, "not-there")
            return self._shown(request, "show", paths[0]) if paths else self._nearest(request, packet, lane)
        found, name = self._lane(request), self._page.form(request).get("file", "")
        if found is None or not name:
            return self._back(request, "gone")
        names = {file for one in self._desk.snapshot().packets if one.lane == str(found[0]) for file in _members(one)}
        file = meant(name, str(found[0]), names)
        return self._back(request, "gone") if file is None else self._shown(request, "show", found[1].folder / file)

    def _nearest(self, request: Request, packet: PacketRecord, lane: LaneSettings) -> Response:
        shelf = shelf_of(self._desk.files, packet, lane, past_of(self._desk.ledger, packet.lane))
        return self._shown(request, "open", shelf if shelf.is_dir() else lane.folder)

    def _shown(self, request: Request, done: str, path: Path) -> Response:
        if not may_show(self._desk.settings, path):
            return self._back(request, "gone")
        if not os.path.lexists(path):  # a name that nothing can have, and a folder without rights, are not there either
            return self._back(request, "not-there")
        shown = self._show_folder(path) if path.is_dir() else self._show_file(path)
        return self._back(request, done if shown else "no-window")

    def _lanes(self, request: Request, verb: Verb) -> Response:
        named = self._page.form(request).get("lane", "")
        lane = self._lane(request)
        if named and lane is None:
            return self._back(request, "gone")
        return self._ask(request, verb, verb, lanes=(str(lane[0]),) if lane else ())

    def _ask(
        self, request: Request, done: str, verb: Verb, *, packets: tuple[str, ...] = (), lanes: tuple[str, ...] = ()
    ) -> Response:
        if not self._desk.is_alive():
            return self._back(request, "stopped")
        asked = self._desk.ask(Wish(verb, packets=packets, lanes=lanes, actor=self._page.actor))
        try:
            answer = asked.result(PATIENCE)
        except (TimeoutError, CancelledError):  # busy, or about to end: it is carried out when its turn comes
            return self._back(request, done)
        if answer.done or not answer.sentences:
            return self._back(request, done)
        back = self._way_back(request)
        return self._page.render(request, "not_done.html", status=409, sentences=answer.sentences, back=back)

    def _packet(self, request: Request) -> PacketRecord | None:
        named = self._page.form(request).get("packet", "")
        return self._desk.ledger.packet(named) if named else None

    def _lane(self, request: Request) -> tuple[LaneId, LaneSettings] | None:
        named = self._page.form(request).get("lane", "")
        return next(((lane, found) for lane, found in self._desk.settings.lanes.items() if str(lane) == named), None)

    def _back(self, request: Request, done: str) -> Response:
        """Go back to the view that asked; never to anywhere else."""
        return RedirectResponse(f"{self._way_back(request)}?{urlencode({'done': done})}", status_code=303)

    def _way_back(self, request: Request) -> str:
        back = urlsplit(self._page.form(request).get("back", "/"))
        inside = back.path.startswith("/") and not back.path.startswith("//") and "\\" not in back.path
        return back.path if inside and not back.scheme and not back.netloc else "/"


def _members(packet: PacketSnapshot) -> tuple[str, ...]:
    return (*packet.files, *filter(None, [packet.sidecar]))


def routes(page: Page) -> list[Route]:
    """Return the buttons' addresses."""
    actions = Actions(page)
    posts = {
        "/retry": actions.retry,
        "/retry-failed": actions.retry_failed,
        "/withdraw": actions.withdraw,
        "/dismiss": actions.dismiss,
        "/pause": actions.pause,
        "/resume": actions.resume,
        "/look": actions.look,
        "/adopt": actions.adopt,
        "/open": actions.open_folder,
        "/show": actions.show,
    }
    return [
        *(Route(path, handler, methods=["POST"]) for path, handler in posts.items()),
        Route("/withdraw/{packet}", actions.ask_withdraw),
    ]
