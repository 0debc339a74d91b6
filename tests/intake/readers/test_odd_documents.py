"""What opens goes, with a word in the receipt where it is odd; what does not open fails, and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.folder.real import RealFileSystem
from agent.intake.attachments import AttachmentsIntake, check_attachments
from agent.model import Checked
from agent.worker import NoWorker
from tests.support import files
from tests.support.bad_packets import TODAY
from tests.support.looks import put, scans_lane, settled_in
from tests.support.odd_documents import closed, opening

OPENING, CLOSED = opening(), closed()
GIVEN = Path(__file__).parents[4] / "shared" / "inputs"
FS = RealFileSystem()


def checked(folder: Path, name: str, data: bytes) -> Checked:
    stem = name.rpartition(".")[0]
    put(folder, {name: data, f"{stem}.json": files.sidecar()})
    (candidate,) = AttachmentsIntake().gather(FS, folder, settled_in(folder))
    return check_attachments(FS, folder, candidate, scans_lane(folder), TODAY)


@pytest.mark.parametrize("name", OPENING)
def test_what_every_program_opens_goes(name: str, tmp_path: Path) -> None:
    found = checked(tmp_path, name, OPENING[name])
    assert found.problem is None
    assert found.request is not None


@pytest.mark.parametrize("name", CLOSED)
def test_what_nobody_could_open_fails_and_says_what_to_do(name: str, tmp_path: Path) -> None:
    data, why, what_to_do = CLOSED[name]
    found = checked(tmp_path, name, data)
    assert found.problem is not None
    (fault,) = found.problem.details
    assert why in fault.message
    assert what_to_do in fault.message
    assert ".txt" not in fault.message.replace(name, "")


@pytest.mark.parametrize(
    "name", ["no-end.jpg", "no-trailer.gif", "brace-short.rtf", "restricted.pdf", "explicit.dcm", "locked-inside.pdf"]
)
def test_the_receipt_says_what_was_odd(name: str, tmp_path: Path) -> None:
    assert any(name in warning for warning in checked(tmp_path, name, OPENING[name]).warnings if "X12" not in warning)


@pytest.mark.parametrize("length", [201, 230, 255])
def test_a_long_name_is_no_fault(length: int, tmp_path: Path) -> None:
    if length > 250:
        pytest.skip("the sidecar's name would be longer than file systems take")
    assert checked(tmp_path, f"{'x' * (length - 4)}.pdf", files.pdf()).problem is None


GOES = {"att__html_named.doc": False, "att__doc_password_protected.doc": False}
GOES |= {"att__enc_xrefstream_eof_glued.pdf": False, "att__pdf_zero_pages.pdf": False}


@pytest.mark.skipif(not GIVEN.is_dir(), reason="the collection of odd inputs is not beside the project")
@pytest.mark.parametrize("path", sorted(GIVEN.glob("att__*")) or [Path("none")], ids=lambda path: path.name)
def test_the_collected_inputs_come_out_as_they_should(path: Path, tmp_path: Path) -> None:
    found = checked(tmp_path, path.name, path.read_bytes())
    assert (found.problem is None) is GOES.get(path.name, True)


def test_a_reader_that_cannot_be_started_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object, **__: object) -> None:
        raise NoWorker

    monkeypatch.setattr("agent.intake.readers.judging.shared", lambda: type("Pool", (), {"run": staticmethod(none)}))
    with pytest.raises(NoWorker):
        checked(tmp_path, "scan.pdf", files.pdf())
