"""Access lists as Windows spells them: who is let in."""

from __future__ import annotations

import pytest

from agent import sddl

ROSA, DESK = "S-1-5-21-1-2-3-1000", "S-1-5-21-1-2-3-1001"


@pytest.mark.parametrize(
    ("rights", "everybody", "named"),
    [
        (f"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;{ROSA})", [], []),
        (f"D:PAI(A;OICI;FA;;;SY)(A;OICI;0x1301bf;;;{DESK})(A;OICIID;FA;;;{ROSA})", [], [DESK]),
        ("D:AI(A;OICIID;0x1301bf;;;BU)(A;ID;FA;;;SY)", ["BU"], []),
        ("D:(A;;FA;;;WD)(A;;FR;;;AU)", ["AU", "WD"], []),
        ("D:(D;;FA;;;WD)(A;;FR;;;SY)", [], []),
        ("D:NO_ACCESS_CONTROL", ["WD"], []),
        ("D:(A;;FR;;;S-1-5-32-545)", ["S-1-5-32-545"], []),
        ("", [], []),
    ],
)
def test_who_is_let_in(rights: str, everybody: list[str], named: list[str]) -> None:
    assert sddl.open_to(rights) == everybody
    assert sddl.shared_with(rights, ROSA) == named


@pytest.mark.parametrize(
    ("rights", "protected"),
    [("D:P(A;;FA;;;SY)", True), ("D:PAI(A;;FA;;;SY)", True), ("D:AI(A;;FA;;;SY)", False),
     ("D:NO_ACCESS_CONTROL", False), ("O:BAD:(A;;FA;;;SY)", False), ("O:BAG:SYD:P(A;;FA;;;SY)", True)],
)  # fmt: skip
def test_whether_anything_is_inherited(rights: str, protected: bool) -> None:
    assert sddl.is_protected(rights) == protected


def test_guests_of_a_pipe_may_ask_and_make_no_pipe_of_its_name() -> None:
    listed = sddl.entries(sddl.of_pipe(ROSA, [DESK]))
    assert {one.who: one.rights for one in listed} == {"SY": "FA", "BA": "FA", ROSA: "FA", DESK: sddl.ASK}
    assert int(sddl.ASK, 16) & 0x4 == 0, "the right to make one more"
    assert not sddl.open_to(sddl.of_pipe(ROSA, []))


def test_a_folder_of_ours_keeps_whom_somebody_has_let_in() -> None:
    shared = sddl.Entry("A", "OICI", "0x1301bf", DESK)
    assert sddl.shared_with(sddl.of_folder(ROSA, [shared]), ROSA) == [DESK]
    assert sddl.is_protected(sddl.of_folder(ROSA))
