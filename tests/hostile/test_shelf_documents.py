"""Documents on the shelves: anyone can write there. One that is not ours is passed over, and all else goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.folder.filesystem import FileSystemProblem
from agent.folder.names import MANIFEST
from agent.folder.packets import read_manifest
from tests.support import files
from tests.support.faulty_practice import statement
from tests.support.hostile import fuzzed
from tests.support.simulated_practice import REFUSE, STATEMENTS, SimulatedPractice

DEEP = b"[" * 60_000
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(
        [
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-12:00",
            "2026-07-04T09:00:00",
            "nul\0",
            "\ud800",
            10**30,
            "9" * 5000,
        ]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def goes_on(practice: SimulatedPractice) -> bool:
    """Tell whether both lanes still deliver."""
    practice.drop("next.pdf", files.pdf())
    practice.drop("next.json", files.sidecar(claimId="CLM-NEXT"))
    practice.drop("next.csv", statement("1002"), STATEMENTS)
    practice.pass_(minutes=3)
    sent = [got.metadata["claimId"] for got in practice.service().accepted]
    return "CLM-NEXT" in sent and [got.filename for got in practice.service(STATEMENTS).accepted] == ["next.csv"]


def changed(document: Any, path: list[Any], value: Any) -> bytes:
    """Return a document with something else in one of its places."""
    at = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return json.dumps(document).encode()


def paths(document: Any, above: tuple[Any, ...] = ()) -> list[list[Any]]:
    """Return every place in a document."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    found = [list(above)] if above else []
    return found + [path for key, value in inner for path in paths(value, (*above, key))]


@pytest.mark.parametrize("data", [DEEP, b"", b"null", b'{"packet": ' * 20_000, b"\xff\xfe"])
@pytest.mark.parametrize(
    "name",
    [
        f"sending/20260704-090000-AAAAA/{MANIFEST}",
        f"held/20260704-090000-AAAAA/{MANIFEST}",
        "failed/x.problem.json",
        "sent/2026-07-04/x.receipt.json",
        "failed/x (2)/x.problem.json",
    ],
)
def test_a_document_that_is_none_of_ours_stops_nothing(tmp_path: Any, name: str, data: bytes) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.fs.put(practice.folder() / name, data)
    practice.restart()
    assert goes_on(practice)


@pytest.mark.slow
@fuzzed
@given(data=st.data())
def test_whatever_stands_in_a_manifest_it_is_read_or_called_damaged(data: st.DataObject, tmp_path_factory: Any) -> None:
    document = {
        "packet": "p1", "lane": "main-street/attachments", "installation": "pc-1", "name": "scan", "folder": "",
        "arrived_at": "2026-07-04T09:00:00+00:00", "keep_names": False, "ledger_at": 1, "was": "",
        "files": [{"name": "scan.pdf", "role": "document", "size": 1, "mtime_ns": 1, "file_id": "1", "sha256": ""}],
    }  # fmt: skip
    practice = SimulatedPractice(tmp_path_factory.mktemp("practice"))
    place = practice.folder() / "sending" / "p1"
    practice.fs.put(place / MANIFEST, changed(document, data.draw(st.sampled_from(paths(document))), data.draw(ODD)))
    try:
        packet = read_manifest(practice.fs, place)
    except FileSystemProblem:
        return
    assert packet.arrived_at.astimezone().timestamp() >= 0


@pytest.mark.slow
@fuzzed
@given(data=st.data())
def test_whatever_stands_in_a_problem_or_receipt_the_next_start_goes_on(
    data: st.DataObject, tmp_path_factory: Any
) -> None:
    practice = SimulatedPractice(tmp_path_factory.mktemp("practice"))
    practice.service().script = [REFUSE]
    for claim in ("CLM-1", "CLM-2"):
        practice.drop("scan.pdf", files.pdf() + claim.encode())
        practice.drop("scan.json", files.sidecar(claimId=claim))
        practice.pass_(10)
    path, document = data.draw(
        st.sampled_from(
            [
                (practice.folder() / "failed/scan.problem.json", practice.problems()[0]),
                (practice.folder() / "sent/2026-07-04/scan.receipt.json", practice.receipts()[0]),
            ]
        )
    )
    practice.fs.put(path, changed(document, data.draw(st.sampled_from(paths(document))), data.draw(ODD)))
    practice.restart(fresh_ledger=data.draw(st.booleans()))
    assert goes_on(practice)
