"""Forms that move patients' files, held open while the world goes on: no scan goes by what was typed for another."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import httpx
import pytest

from agent.delivery.requests import Answer, Request
from agent.folder.filesystem import Busy, Denied, FileSystemProblem, NoRoom, Offline
from tests.support import files
from tests.support.forms import Form
from tests.support.simulated_desk import SimulatedDesk
from tests.support.simulated_practice import SETTINGS

TYPED = {name: str(value) for name, value in json.loads(files.sidecar(claimId="CLM-TYPED")).items()}
THEIRS, OTHER = files.jpeg(120), files.jpeg(200)


@pytest.fixture
def desk(tmp_path: Path) -> SimulatedDesk:
    return SimulatedDesk(tmp_path, SETTINGS.replace("settle_seconds = 2", "settle_seconds = 2\nwaiting_hours = 0.1"))


def same_look(desk: SimulatedDesk, path: Path, data: bytes) -> None:
    """Put other bytes in a file's place, of the same size and time: a picture that was scanned anew."""
    old = desk.fs.identify(path)
    with desk.fs.open(path) as file:
        length = len(file.read())
    desk.fs._file(path).data = data.ljust(length, b"\0")[:length]
    assert desk.fs.identify(path) == old


def waiting(desk: SimulatedDesk, *names: str) -> None:
    for number, name in enumerate(names):
        desk.drop(name, files.jpeg(64 + number))
    desk.pass_(minutes=1)


def failed(desk: SimulatedDesk, *scans: str, sidecar: str = "PA.json", **said: object) -> str:
    """Let a packet of these scans fail over its payer; return the address of its form."""
    for number, name in enumerate(scans):
        desk.drop(name, files.jpeg(64 + number))
    desk.drop(sidecar, files.sidecar(payerId="TST0", claimId="CLM-OWN", **said))
    desk.pass_(minutes=1)
    return f"/packet/{desk.failed_one()}/metadata"


def shelf(desk: SimulatedDesk, name: str) -> Path:
    return desk.folder() / "failed" / name


def all_went(desk: SimulatedDesk) -> list[tuple[str, list[bytes]]]:
    desk.pass_(minutes=2)
    return desk.went()


def kept(answer: httpx.Response) -> str:
    """What still stands in the form of what was typed."""
    return Form.of(answer)["claimId"]


# --- Complete the metadata: the scan waits in the folder ------------------------------------------------------------


def _replaced(desk: SimulatedDesk, name: str) -> None:
    desk.fs.delete(desk.folder() / name)
    desk.drop(name, OTHER)


def _rewritten(desk: SimulatedDesk, name: str) -> None:
    same_look(desk, desk.folder() / name, OTHER)


@pytest.mark.parametrize("happens", [_replaced, _rewritten])
@pytest.mark.parametrize("name", ["SCN_7.jpg", "Smith/1.jpg"])
def test_a_scan_that_is_another_one_now_does_not_go_by_what_was_typed(
    desk: SimulatedDesk, happens: Callable[[SimulatedDesk, str], None], name: str
) -> None:
    waiting(desk, name)
    form = Form.of(desk.client.get(desk.scan_form(name)))
    happens(desk, name)
    answer = form.send(desk.client, **TYPED)
    assert answer.status_code == 422
    assert kept(answer) == "CLM-TYPED"
    assert all_went(desk) == []


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "replaced"])
def test_another_scan_that_was_ticked_and_is_another_one_now_does_not_go(desk: SimulatedDesk, gone: bool) -> None:
    waiting(desk, "SCN_7.jpg", "SCN_8.jpg")
    form = Form.of(desk.client.get(desk.scan_form("SCN_7.jpg")))
    ticks = [one.value for one in form.controls if one.name == "with"]
    desk.fs.delete(desk.folder() / "SCN_8.jpg")
    if not gone:
        desk.drop("SCN_8.jpg", OTHER)
    answer = form.send(desk.client, **TYPED, **{"with": ticks})
    assert answer.status_code == 422
    assert all_went(desk) == []


def test_a_file_that_came_into_the_folder_meanwhile_does_not_go_along(desk: SimulatedDesk) -> None:
    waiting(desk, "Smith/1.jpg")
    form = Form.of(desk.client.get(desk.scan_form("Smith/1.jpg")))
    desk.drop("Smith/2.jpg", THEIRS)
    form.send(desk.client, **TYPED)
    assert all(THEIRS not in scans for _, scans in all_went(desk))


def test_what_two_tabs_say_of_a_scan_goes_once(desk: SimulatedDesk) -> None:
    waiting(desk, "SCN_7.jpg")
    tabs = [Form.of(desk.client.get(desk.scan_form("SCN_7.jpg"))) for _ in range(2)]
    assert tabs[0].send(desk.client, **TYPED).status_code == 303
    assert tabs[1].send(desk.client, **TYPED | {"claimId": "CLM-LATER"}).status_code in (404, 422)
    assert all_went(desk) == [("CLM-TYPED", [files.jpeg(64)])]
    assert tabs[1].send(desk.client, **TYPED | {"claimId": "CLM-LATER"}).status_code == 404
    assert len(all_went(desk)) == 1


@pytest.mark.parametrize("sidecar", ["SCN_7.json", "scn_7.JPG.json", "batch.json", "SCN_7.JSON"])
def test_a_sidecar_that_came_meanwhile_is_what_the_scan_goes_by(desk: SimulatedDesk, sidecar: str) -> None:
    waiting(desk, "SCN_7.jpg")
    form = Form.of(desk.client.get(desk.scan_form("SCN_7.jpg")))
    lists = {"files": ["SCN_7.jpg"]} if sidecar == "batch.json" else {}
    desk.fs.put(desk.folder() / sidecar, files.sidecar(claimId="CLM-PMS", **lists))
    answer = form.send(desk.client, **TYPED)
    assert answer.status_code == 422
    assert "A sidecar for SCN_7.jpg has come meanwhile" in answer.text
    desk.hint(next(iter(desk.services)))
    assert [claim for claim, _ in all_went(desk)] == ["CLM-PMS"]


@pytest.mark.parametrize("trouble", [Denied, NoRoom, Offline, Busy])
def test_a_sidecar_that_cannot_be_written_is_told_as_such_and_nothing_that_was_typed_is_lost(
    desk: SimulatedDesk, monkeypatch: pytest.MonkeyPatch, trouble: type[FileSystemProblem]
) -> None:
    def refuses(path: Path, _data: bytes) -> None:
        raise trouble(path)

    waiting(desk, "SCN_7.jpg")
    form = Form.of(desk.client.get(desk.scan_form("SCN_7.jpg")))
    with monkeypatch.context() as patch:
        patch.setattr(desk.fs, "write", refuses)
        answer = form.send(desk.client, **TYPED)
    assert answer.status_code == 422
    assert "has come meanwhile" not in answer.text
    assert kept(answer) == "CLM-TYPED"
    assert Form.of(answer).send(desk.client).status_code == 303
    assert all_went(desk) == [("CLM-TYPED", [files.jpeg(64)])]


def test_a_folder_that_stands_at_the_sidecars_name_is_no_sidecar_that_has_come(desk: SimulatedDesk) -> None:
    waiting(desk, "SCN_7.jpg")
    form = Form.of(desk.client.get(desk.scan_form("SCN_7.jpg")))
    desk.fs.make_folder(desk.folder() / "SCN_7.jpg.json")
    answer = form.send(desk.client, **TYPED)
    assert answer.status_code == 422
    assert "has come meanwhile" not in answer.text
    assert kept(answer) == "CLM-TYPED"


# --- Correct the metadata: the packet stands on failed --------------------------------------------------------------


@pytest.mark.parametrize("how", ["replaced", "rewritten"])
@pytest.mark.parametrize("scans", [["PA.jpg"], ["Smith/1.jpg", "Smith/2.jpg"]])
def test_a_scan_that_was_replaced_on_the_shelf_does_not_go_by_what_was_typed_for_the_one_shown(
    desk: SimulatedDesk, how: str, scans: list[str]
) -> None:
    sidecar = "PA.json" if len(scans) == 1 else "Smith/Smith.json"
    form = Form.of(desk.client.get(failed(desk, *scans, sidecar=sidecar)))
    path = shelf(desk, scans[0])
    if how == "replaced":
        desk.fs.delete(path)
        desk.fs.put(path, OTHER)
    else:
        same_look(desk, path, OTHER)
    answer = form.send(desk.client, payerId="60054", claimId="CLM-TYPED")
    assert answer.status_code == 422
    assert kept(answer) == "CLM-TYPED"
    assert all_went(desk) == []
    if how == "replaced":
        assert Form.of(answer).send(desk.client).status_code == 303  # looked at again, it is this one that goes
        [(claim, went)] = all_went(desk)
        assert claim == "CLM-TYPED"
        assert OTHER in went


@pytest.mark.parametrize(
    ("scans", "sidecar", "said"),
    [
        (["1.jpg", "2.jpg"], "batch.json", {"files": ["1.jpg", "2.jpg"]}),
        (["Smith/1.jpg", "Smith/2.jpg"], "Smith/Smith.json", {}),
        (["Smith/1.jpg", "Smith/2.jpg"], "Smith/Smith.json", {"files": ["1.jpg", "2.jpg"]}),
    ],
)
def test_a_packet_of_which_a_scan_has_gone_does_not_go_without_it_unsaid(
    desk: SimulatedDesk, scans: list[str], sidecar: str, said: dict[str, object]
) -> None:
    form = Form.of(desk.client.get(failed(desk, *scans, sidecar=sidecar, **said)))
    desk.fs.delete(shelf(desk, scans[1]))
    answer = form.send(desk.client, payerId="60054")
    assert answer.status_code == 422
    assert "2.jpg" in answer.text
    assert all_went(desk) == []


def test_what_was_typed_of_a_file_stays_with_that_file(desk: SimulatedDesk) -> None:
    metadata = [{"fileName": name, "toothNumbers": tooth} for name, tooth in (("1.jpg", "3"), ("2.jpg", "14"))]
    address = failed(
        desk, "Smith/1.jpg", "Smith/2.jpg", sidecar="Smith/Smith.json", files=["1.jpg", "2.jpg"], fileMetadata=metadata
    )
    form = Form.of(desk.client.get(address))
    desk.fs.delete(shelf(desk, "Smith/1.jpg"))
    answer = form.send(desk.client, payerId="60054")
    assert answer.status_code == 422
    again = Form.of(answer)
    teeth = [one.value for one in again.controls if one.name.endswith("toothNumbers")]
    assert teeth == ["14"]
    again.send(desk.client, file=[one.value for one in again.controls if one.name == "file" and "2.jpg" in str(one)])
    for request in (one for one in desk.service().accepted if one.accepted):
        assert "3" not in json.dumps(request.metadata.get("fileMetadata", ""))


STRANGERS = {
    "a scan of the same name": {"PA.jpg": THEIRS},
    "a sidecar of the same stem": {"PA.json": files.sidecar(claimId="CLM-THEIRS")},
    "a sidecar of the same file": {"PA.jpg.json": files.sidecar(claimId="CLM-THEIRS")},
    "a sidecar that lists it": {"list.json": files.sidecar(claimId="CLM-THEIRS", files=["PA.jpg"])},
    "a scan and its list": {"Q.jpg": THEIRS, "Q.json": files.sidecar(claimId="CLM-THEIRS", files=["Q.jpg", "PA.jpg"])},
    "a scan of the same stem": {"PA.tif": files.tiff()},
    "a folder of the name": {"PA/1.jpg": THEIRS, "PA/PA.json": files.sidecar(claimId="CLM-THEIRS")},
    "the name in capitals": {"pa.JPG": THEIRS},
}


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
@pytest.mark.parametrize("dropped", ["before", "after"])
def test_a_corrected_packet_meets_no_stranger(desk: SimulatedDesk, stranger: dict[str, bytes], dropped: str) -> None:
    own = files.jpeg(64)
    form = Form.of(desk.client.get(failed(desk, "PA.jpg")))
    for name, data in stranger.items() if dropped == "before" else ():
        desk.drop(name, data)
    assert form.send(desk.client, payerId="60054").status_code == 303
    for name, data in stranger.items() if dropped == "after" else ():
        desk.drop(name, data)
    went = all_went(desk)
    desk.pass_(minutes=5)
    assert ("CLM-OWN", [own]) in desk.went(), went
    assert [claim for claim, scans in desk.went() if own in scans] == ["CLM-OWN"]
    assert [claim for claim, scans in desk.went() if THEIRS in scans] in ([], ["CLM-THEIRS"])


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
def test_a_scan_that_waited_too_long_meets_no_stranger_with_its_new_sidecar(
    desk: SimulatedDesk, stranger: dict[str, bytes]
) -> None:
    own = files.jpeg(64)
    desk.drop("PA.jpg", own)
    desk.pass_(minutes=10)
    form = Form.of(desk.client.get(f"/packet/{desk.failed_one()}/metadata"))
    for name, data in stranger.items():
        desk.drop(name, data)
    assert form.send(desk.client, **TYPED).status_code == 303
    desk.pass_(minutes=5)
    assert [claim for claim, scans in desk.went() if own in scans] == ["CLM-TYPED"]
    assert [claim for claim, scans in desk.went() if THEIRS in scans] in ([], ["CLM-THEIRS"])


def test_a_scan_that_waited_too_long_and_was_replaced_does_not_go_by_what_was_typed(desk: SimulatedDesk) -> None:
    desk.drop("PA.jpg", files.jpeg(64))
    desk.pass_(minutes=10)
    form = Form.of(desk.client.get(f"/packet/{desk.failed_one()}/metadata"))
    same_look(desk, shelf(desk, "PA.jpg"), OTHER)
    answer = form.send(desk.client, **TYPED)
    assert (answer.status_code, kept(answer)) == (422, "CLM-TYPED")
    assert all_went(desk) == []


@pytest.mark.parametrize("step", range(1, 8))
@pytest.mark.parametrize("kind", ["corrected", "completed", "left out"])
def test_a_disk_that_refuses_at_any_step_leaves_what_was_typed_and_the_scan_whole(
    desk: SimulatedDesk, monkeypatch: pytest.MonkeyPatch, kind: str, step: int
) -> None:
    own = files.jpeg(64)
    more: dict[str, object] = {}
    if kind == "completed":
        desk.drop("PA.jpg", own)
        desk.pass_(minutes=10)
        address = f"/packet/{desk.failed_one()}/metadata"
    elif kind == "corrected":
        address = failed(desk, "PA.jpg")
    else:
        address = failed(desk, "1.jpg", "2.jpg", sidecar="batch.json", files=["1.jpg", "2.jpg"])
        more = {"file": [Form.of(desk.client.get(address)).values("file")[0]]}
    form = Form.of(desk.client.get(address))
    steps = 0

    def counting(name: str) -> Callable[..., object]:
        real = getattr(desk.fs, name)

        def does(*given: object) -> object:
            nonlocal steps
            steps += 1
            if steps == step:
                raise Denied(Path(str(given[0])))
            return real(*given)

        return does

    asked: list[Request] = []

    def ask(request: Request) -> Future[Answer]:
        asked.append(request)
        done: Future[Answer] = Future()
        done.set_result(Answer(request.packets))
        return done

    with monkeypatch.context() as patch:
        patch.setattr(desk, "asks", ask)
        for name in ("move", "write", "make_folder"):
            patch.setattr(desk.fs, name, counting(name))
        answer = form.send(desk.client, **TYPED | more)
    if answer.status_code == 303:
        for request in asked:
            desk.answer(request)
    else:
        assert kept(answer) == "CLM-TYPED"
        again = Form.of(answer).send(desk.client)
        assert again.status_code == 303, again.text
    desk.pass_(minutes=5)
    assert desk.went() == [("CLM-TYPED", [own])]
    if kind == "left out":
        assert desk.waiting() == ["2.jpg"]


def test_a_packet_that_another_tab_sent_again_is_not_sent_by_the_older_form(desk: SimulatedDesk) -> None:
    address = failed(desk, "PA.jpg")
    tabs = [Form.of(desk.client.get(address)) for _ in range(2)]
    assert tabs[0].send(desk.client, payerId="60054").status_code == 303
    assert tabs[1].send(desk.client, payerId="60054", claimId="CLM-LATER").status_code == 404
    assert [claim for claim, _ in all_went(desk)] == ["CLM-OWN"]


def test_saved_is_said_of_nothing_that_an_agent_which_has_stopped_does(desk: SimulatedDesk) -> None:
    form = Form.of(desk.client.get(failed(desk, "PA.jpg")))
    desk.alive = False
    answer = form.send(desk.client, payerId="60054")
    assert answer.status_code == 409
    assert "OutTray has stopped" in answer.text


# --- Say whose it is ------------------------------------------------------------------------------------------------


def contested(desk: SimulatedDesk) -> Form:
    desk.drop("PA.jpg", files.jpeg(64))
    desk.drop("PA.json", files.sidecar(claimId="CLM-M", patientFirstName="Maya"))
    desk.drop("PA.jpg.json", files.sidecar(claimId="CLM-J", patientFirstName="Jordan"))
    desk.pass_(minutes=1)
    return Form.of(desk.client.get(f"/packet/{desk.failed_one()}/whose"))


def choose(desk: SimulatedDesk, form: Form, name: str) -> httpx.Response:
    [chosen] = {value for key, value in form.buttons if key == "sidecar" and name in form.texts[value]}
    return form.send(desk.client, sidecar=[chosen])


@pytest.mark.parametrize("how", ["replaced", "rewritten", "gone"])
def test_what_was_said_of_one_picture_does_not_send_another(desk: SimulatedDesk, how: str) -> None:
    form = contested(desk)
    path = shelf(desk, "PA.jpg")
    if how == "rewritten":
        same_look(desk, path, OTHER)
    else:
        desk.fs.delete(path)
        if how == "replaced":
            desk.fs.put(path, OTHER)
    answer = choose(desk, form, "Jordan")
    assert answer.status_code in (404, 422)
    assert all_went(desk) == []


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
def test_a_scan_of_which_it_was_said_whose_it_is_meets_no_stranger(
    desk: SimulatedDesk, stranger: dict[str, bytes]
) -> None:
    form = contested(desk)
    for name, data in stranger.items():
        desk.drop(name, data)
    assert choose(desk, form, "Jordan").status_code == 303
    desk.pass_(minutes=5)
    own = files.jpeg(64)
    assert [claim for claim, scans in desk.went() if own in scans] == ["CLM-J"]
    assert [claim for claim, scans in desk.went() if THEIRS in scans] in ([], ["CLM-THEIRS"])


def test_the_other_answer_in_an_older_tab_changes_nothing(desk: SimulatedDesk) -> None:
    form = contested(desk)
    assert choose(desk, form, "Jordan").status_code == 303
    assert choose(desk, form, "Maya").status_code == 404
    assert [claim for claim, _ in all_went(desk)] == ["CLM-J"]
