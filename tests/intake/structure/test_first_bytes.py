"""The first few bytes of a slow writer are not taken for a small file of another kind."""

from __future__ import annotations

import io

import pytest

from agent.intake.structure import incomplete_reason


@pytest.mark.parametrize("first", [b"%", b"%PD", b"{\\rt", b"\xff\xd8", b"\x89PNG", b"PK", b"GIF8", b"II*"])
def test_a_file_that_has_only_begun_is_not_complete(first: bytes) -> None:
    assert incomplete_reason(io.BytesIO(first), "scan.pdf", len(first)) == "it holds only its first few bytes so far"


@pytest.mark.parametrize("whole", [b"ok", b"no", b"Hello", b"12", b"see you"])
def test_a_short_text_is(whole: bytes) -> None:
    assert incomplete_reason(io.BytesIO(whole), "note.txt", len(whole)) is None
