"""Settings change while packets are on their way: each belongs to a lane, or is shown as needing someone."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.delivery.reconcile.settings_changed import left_in
from agent.delivery.requests import Request
from agent.delivery.snapshot import LaneSnapshot
from agent.delivery.status import snapshot_of
from agent.folder.filesystem import Busy
from agent.model import LaneId, LaneKind, LaneState, PacketState
from agent.settings.reading import parse
from tests.support import files
from tests.support.faulty_practice import statement
from tests.support.simulated_practice import (
    REFUSE,
    SETTINGS,
    STATEMENTS,
    UNREACHABLE,
    SimulatedPractice,
    accept,
)

HIGH_STREET = LaneId("high-street", LaneKind.ATTACHMENTS)


def practice_with(tmp_path: Path, *, failed: int = 1, queued: int = 1) -> SimulatedPractice:
    """A practice in which some scans have failed, and others wait for a service that is away."""
    practice = SimulatedPractice(tmp_path)
    practice.service().script = [REFUSE] * failed + [UNREACHABLE] * 1000
    for number in range(failed + queued):
        practice.drop(f"scan{number}.pdf", files.pdf())
        practice.drop(f"scan{number}.json", files.sidecar(claimId=f"C-{number}"))
        practice.pass_(10)
    return practice


def lanes_shown(practice: SimulatedPractice) -> dict[str, LaneSnapshot]:
    return {lane.lane: lane for lane in snapshot_of(practice.control.state, ()).lanes}


def retry_all(practice: SimulatedPractice) -> list[str]:
    packets = tuple(packet.id for packet in practice.ledger.unresolved())
    answered = practice.control.inbox.ask(Request("retry", packets=packets, actor="it"))
    practice.step()
    return list(answered.result(0).sentences)


def moved(**places: str) -> str:
    """Return the settings with some of the attachments lane's places changed."""
    lines = "".join(f'{name} = "{place}"\n' for name, place in places.items())
    text = SETTINGS.replace('folder = "/practice/scans"\n', "") if "folder" in places else SETTINGS
    return text.replace("[store.attachments]\n", f"[store.attachments]\n{lines}")


RENAMED = SETTINGS.replace("main-street", "high-street")


def test_a_store_with_another_name_and_the_same_account_and_folder_is_the_same(tmp_path: Path) -> None:
    practice = practice_with(tmp_path)
    practice.restart(settings=RENAMED)
    practice.service(HIGH_STREET).script = [accept(n) for n in range(5)]
    practice.pass_(hours=1)
    assert [packet.lane for packet in practice.ledger.history()] == [HIGH_STREET] * 2
    assert set(lanes_shown(practice)) == {"high-street/attachments", "high-street/statements"}
    assert lanes_shown(practice)["high-street/attachments"].needs_attention == 1
    assert retry_all(practice) == []
    practice.pass_(hours=1)
    assert sorted(packet.state for packet in practice.ledger.history() if not packet.resolved_at) == ["sent", "sent"]


@pytest.mark.parametrize(
    "change",
    [
        ('client_id = "outtray"', 'client_id = "another"'),
        ('folder = "/practice/scans"', 'folder = "/practice/other"'),
    ],
    ids=["another account", "another folder"],
)
def test_where_that_is_not_certain_the_packets_are_shown_as_needing_someone(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    practice = practice_with(tmp_path)
    practice.fs.make_folder(Path("/practice/other"))
    practice.restart(settings=RENAMED.replace(*change))
    practice.pass_(hours=5)
    gone = lanes_shown(practice)["main-street/attachments"]
    assert (gone.state, gone.needs_attention, gone.counts) == (LaneState.BLOCKED, 1, {"queued": 1})
    assert gone.problem is not None
    assert gone.problem.code == "lane-gone"
    assert "2 packets" in gone.problem.sentence
    assert "/practice/scans/failed" in gone.problem.sentence
    assert "/practice/scans/sending" in gone.problem.sentence
    [said] = retry_all(practice)
    assert "main-street/attachments" in said
    named = [(str(lane), problem.code) for lane, problem in left_in(practice.ledger, practice.settings)]
    assert named == [("main-street/attachments", "lane-gone")]
    practice.restart(settings=SETTINGS)  # IT does what is said
    assert list(left_in(practice.ledger, practice.settings)) == []
    practice.pass_(hours=1)
    assert set(lanes_shown(practice)) == {"main-street/attachments", "main-street/statements"}


OTHER_ID = "01GDG5BZA29R3SZMZ63Y2GFXXX"


def store(name: str, folder: str, client: str = "outtray", store_id: str = "01GDG5BZA29R3SZMZ63Y2GFENV") -> str:
    """Return one store's settings: both lanes below one folder, and one account at each service."""
    text = SETTINGS.replace("main-street", name).replace("/practice", folder)
    return text.replace('"outtray"', f'"{client}"').replace("01GDG5BZA29R3SZMZ63Y2GFENV", store_id)


FIRST, OTHERS = store("main-street", "/practice"), ("/annex", "another", OTHER_ID)
ANOTHER_MAIN = store("main-street", *OTHERS)


def with_something_held_and_queued(tmp_path: Path, settings: str) -> SimulatedPractice:
    practice = SimulatedPractice(tmp_path, settings)
    practice.drop("Statements.csv", statement("1001"), STATEMENTS)
    practice.pass_(minutes=1)
    for service in practice.services.values():
        service.script = [UNREACHABLE] * 9
    practice.drop("Statements.csv", statement("1002"), STATEMENTS)
    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar())
    practice.pass_(minutes=1)
    assert {packet.state for packet in practice.ledger.unfinished()} == {PacketState.QUEUED, PacketState.HELD}
    for service in practice.services.values():
        service.script.clear()
    for name in ("scans", "statements"):
        practice.fs.make_folder(Path("/annex") / name)
    return practice


def accounts(practice: SimulatedPractice) -> set[tuple[str, str]]:
    """Return whose each packet is in the end, by its lane's store and by the account that it went or goes to."""
    return {(packet.lane.store, packet.account.partition("#")[2]) for packet in practice.ledger.history()}


ITS_OWN = {"outtray", "01GDG5BZA29R3SZMZ63Y2GFENV"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (FIRST, store("downtown", "/practice") + ANOTHER_MAIN, "downtown"),
        (FIRST + store("annex", *OTHERS), store("annex", "/practice") + ANOTHER_MAIN, "annex"),
    ],
    ids=["the name goes to a new store", "two stores change names"],
)
def test_a_name_that_is_given_to_another_store_gives_it_nothing_of_the_first(
    tmp_path: Path, before: str, after: str, name: str
) -> None:
    practice = with_something_held_and_queued(tmp_path, before)
    practice.restart(settings=after)
    assert list(left_in(practice.ledger, practice.settings)) == []
    practice.pass_(hours=30)
    assert accounts(practice) == {(name, account) for account in ITS_OWN}
    assert {packet.state for packet in practice.ledger.history()} == {PacketState.SENT}
    assert not any(path.startswith("sent/") for kind in LaneKind for path in standing_below(practice, "/annex", kind))


def standing_below(practice: SimulatedPractice, folder: str, kind: LaneKind) -> list[str]:
    return list(practice.fs.files(Path(folder) / ("scans" if kind is LaneKind.ATTACHMENTS else "statements")))


@pytest.mark.slow
def test_where_the_first_is_nowhere_any_more_what_it_has_left_is_shown_and_nothing_goes(tmp_path: Path) -> None:
    practice = with_something_held_and_queued(tmp_path, FIRST)
    settings = parse(ANOTHER_MAIN, Path("outtray.toml"))
    named = {(str(lane), problem.code) for lane, problem in left_in(practice.ledger, settings)}
    assert named == {("main-street/attachments", "lane-gone"), ("main-street/statements", "lane-gone")}
    practice.restart(settings=ANOTHER_MAIN)
    practice.pass_(hours=30)
    assert accounts(practice) == {("main-street (before)", account) for account in ITS_OWN}
    gone = {name: lane.problem for name, lane in lanes_shown(practice).items() if "(before)" in name}
    assert {problem.code for problem in gone.values() if problem} == {"lane-gone"}
    assert all('"main-street"' in problem.what_to_do for problem in gone.values() if problem)
    practice.restart(settings=store("uptown", "/practice") + ANOTHER_MAIN)  # IT gives it another name
    practice.pass_(hours=30)
    assert accounts(practice) == {("uptown", account) for account in ITS_OWN}
    assert {packet.state for packet in practice.ledger.history()} == {PacketState.SENT}


@pytest.mark.parametrize(
    ("places", "moves"),
    [
        ({"sending": "On the way"}, False),
        ({"sending": "/elsewhere/sending", "failed": "/elsewhere/failed"}, False),
        ({"failed": "Problems"}, False),
        ({"held": "Later", "sent": "Done"}, False),
        ({"folder": "/practice/new"}, False),
        ({"folder": "/practice/new"}, True),
    ],
    ids=str,
)
def test_a_shelf_or_folder_that_moves_takes_its_packets_along(
    tmp_path: Path, places: dict[str, str], moves: bool
) -> None:
    practice = practice_with(tmp_path)
    if moves:
        practice.fs.rename(Path("/practice/scans"), Path("/practice/new"))
    elif "folder" in places:
        practice.fs.make_folder(Path(places["folder"]))
    practice.restart(settings=moved(**places))
    practice.service().script = [accept(n) for n in range(5)]
    practice.pass_(hours=1)
    shown = lanes_shown(practice)["main-street/attachments"]
    assert (shown.state, shown.problem, shown.needs_attention) == (LaneState.RUNNING, None, 1)
    assert {packet.state for packet in practice.ledger.history()} == {PacketState.SENT, PacketState.FAILED}
    assert retry_all(practice) == []
    practice.pass_(hours=1)
    assert {packet.state for packet in practice.ledger.history() if not packet.resolved_at} == {PacketState.SENT}
    assert len(practice.service().accepted) == 2


@pytest.mark.parametrize("shelf", ["failed", "sent"])
def test_shelving_that_was_cut_off_comes_to_its_end_on_the_shelf_where_it_began(tmp_path: Path, shelf: str) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.service().script = [REFUSE if shelf == "failed" else accept(1)]
    blocked: dict[str, bool] = {}

    def one_file_is_open(step: str, path: Path) -> Exception | None:
        if step == "move" and "sending" in path.parts and path.name == "scan.json":
            blocked["once"] = True
        return Busy(path) if step == "move" and path.name == "scan.json" and "sending" in path.parts else None

    practice.drop("scan.pdf", files.pdf())
    practice.drop("scan.json", files.sidecar())
    practice.step()
    practice.fs.fail = one_file_is_open
    practice.pass_(minutes=5)
    practice.fs.fail = lambda _step, _path: None
    assert blocked
    practice.restart(settings=moved(**{shelf: "/far/shelf"}))
    practice.fs.put(Path("/far/shelf/other.txt"), b"of people")
    practice.pass_(minutes=5)
    assert [name.rpartition("/")[2] for name in practice.fs.files(Path("/far/shelf"))] == ["other.txt"]
    document = "receipt" if shelf == "sent" else "problem"
    standing = {name.rpartition("/")[2] for name in practice.standing() if f"{shelf}/" in name}
    assert standing >= {"scan.pdf", "scan.json", f"scan.{document}.json"}


def test_failed_packets_on_a_shelf_of_before_are_named_with_their_number_and_their_place(tmp_path: Path) -> None:
    practice = practice_with(tmp_path, failed=2)
    settings = parse(moved(failed="Problems"), Path("outtray.toml"))
    [(lane, problem)] = left_in(practice.ledger, settings)
    assert (str(lane), problem.code) == ("main-street/attachments", "failed-elsewhere")
    assert "2 packets" in problem.sentence
    assert "/practice/scans/failed" in problem.sentence


@pytest.mark.slow
def test_a_held_file_goes_from_the_shelf_of_before(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    for account in ("1001", "1002"):
        practice.drop("Statements.csv", statement(account), STATEMENTS)
        practice.pass_(minutes=1)
    assert [packet.state for packet in practice.ledger.unfinished()] == [PacketState.HELD]
    text = SETTINGS.replace("[store.statements]\n", '[store.statements]\nheld = "Later"\n')
    practice.restart(settings=text)
    practice.pass_(hours=25)
    assert [packet.state for packet in practice.ledger.history()] == [PacketState.SENT] * 2


@pytest.mark.slow
def test_a_shelf_of_before_that_cannot_be_reached_withdraws_nothing(tmp_path: Path) -> None:
    practice = practice_with(tmp_path, failed=0)
    practice.fs.add_volume(Path("/far"), remote=True)
    practice.restart(settings=moved(sending="/far/sending"))
    practice.pass_(minutes=10)
    practice.fs.share_vanishes(Path("/far"))
    practice.restart(settings=SETTINGS)
    practice.pass_(hours=2)
    assert [packet.state for packet in practice.ledger.history()] == [PacketState.QUEUED]
    practice.fs.share_returns(Path("/far"))
    practice.service().script = [accept(1)]
    practice.pass_(hours=2)
    assert [packet.state for packet in practice.ledger.history()] == [PacketState.SENT]


# --- Files that wait in a folder of before --------------------------------------------------------------------------

ELSEWHERE = "/practice/new"


@pytest.mark.parametrize(
    ("names", "count"),
    [
        (["late.pdf"], 1),
        (["late.json", "Smith/1.pdf", "Smith/claim.json"], 3),
        (["~$late.docx", ".hidden", "#recycle/old.pdf", "failed/lost.pdf", "Thumbs.db"], 0),
    ],
)
def test_what_waits_in_a_folder_that_was_watched_before_is_told_of(
    tmp_path: Path, names: list[str], count: int
) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.pass_(minutes=1)
    for name in names:
        practice.fs.put(Path("/practice/scans") / name, b"not yet looked at")
    said = list(left_in(practice.ledger, parse(moved(folder=ELSEWHERE), Path("outtray.toml")), practice.fs))
    practice.fs.make_folder(Path(ELSEWHERE))
    practice.restart(settings=moved(folder=ELSEWHERE))
    practice.pass_(minutes=2)
    shown = lanes_shown(practice)["main-street/attachments"].problem
    again = list(left_in(practice.ledger, parse(moved(folder=ELSEWHERE), Path("outtray.toml")), practice.fs))
    if not count:
        assert (said, again, shown) == ([], [], None)
        return
    assert [str(lane) for lane, _ in said] == [str(lane) for lane, _ in again] == ["main-street/attachments"]
    for problem in (said[0][1], again[0][1], shown):
        assert problem is not None
        assert problem.code == "waits-elsewhere"
        assert len(problem.details) == count
        assert "/practice/scans" in problem.sentence
        assert ELSEWHERE in problem.what_to_do
    for name in names:
        practice.fs.delete(Path("/practice/scans") / name)
    practice.pass_(hours=1)
    assert lanes_shown(practice)["main-street/attachments"].problem is None


def test_a_folder_that_another_lane_watches_now_tells_nothing(tmp_path: Path) -> None:
    """Two lanes have changed their folders with each other, or one has moved down or up a level."""
    practice = SimulatedPractice(tmp_path)
    practice.pass_(minutes=1)
    practice.fs.make_folder(Path("/practice/scans/today"))
    practice.restart(settings=moved(folder="/practice/scans/today"))
    practice.drop("today/scan.pdf", files.pdf())
    practice.pass_(minutes=2)
    assert lanes_shown(practice)["main-street/attachments"].problem is None


def test_what_waits_for_a_lane_that_the_settings_do_not_name_any_more_is_told_of(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.pass_(minutes=1)
    practice.fs.put(Path("/practice/scans/late.pdf"), files.pdf())
    gone = moved(folder=ELSEWHERE).replace("main-street", "high-street")
    said = list(left_in(practice.ledger, parse(gone, Path("outtray.toml")), practice.fs))
    assert [(str(lane), problem.code) for lane, problem in said] == [("main-street/attachments", "waits-elsewhere")]
    practice.fs.make_folder(Path(ELSEWHERE))
    practice.restart(settings=gone)
    practice.pass_(minutes=2)
    assert [lane.problem.code for lane in lanes_shown(practice).values() if lane.problem] == ["waits-elsewhere"]
