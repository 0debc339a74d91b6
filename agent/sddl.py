"""Access lists as Windows spells them (SDDL): who is let in, and what our own are. Knows texts only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_ENTRY = re.compile(r"\(([^;()]*);([^;()]*);([^;()]*);[^;()]*;[^;()]*;([^;()]*)\)")
_NO_LIST = "NO_ACCESS_CONTROL"
EVERYBODY = "WD"
BROAD = frozenset(
    (
        *("WD", "S-1-1-0"),  # everyone
        *("BU", "S-1-5-32-545"),  # whoever can sign in on this PC
        *("AU", "S-1-5-11"),  # whoever has signed in anywhere
        *("IU", "S-1-5-4", "NU", "S-1-5-2"),  # whoever sits at a PC, or comes over the network
        *("BG", "S-1-5-32-546", "LG", "AN", "S-1-5-7"),  # guests, and who gives no name
        *("DU", "DG", "AC", "S-1-15-2-1"),  # a whole domain, and every program from the Store
    )
)
_NAMED = "S-1-5-21-"  # how accounts and groups begin that somebody has made

# What a client of a pipe needs: read, write, attributes of both, its list, wait. Not "append", which on a pipe is the
# right to make one of the same name. (GENERIC_WRITE holds it.)
ASK = "0x120183"


@dataclass(frozen=True)
class Entry:
    """One line of an access list. `flags` holds `ID` where it was inherited."""

    kind: str
    flags: str
    rights: str
    who: str


def entries(sddl: str) -> list[Entry]:
    """Return an access list's lines; without any list, everybody may do everything."""
    if _NO_LIST in sddl:
        return [Entry("A", "", "FA", EVERYBODY)]
    return [Entry(*found) for found in _ENTRY.findall(sddl)]


def is_protected(sddl: str) -> bool:
    """Tell whether nothing is inherited from the folder above."""
    return "P" in sddl.partition("D:")[2].partition("(")[0].replace(_NO_LIST, "")


def open_to(sddl: str) -> list[str]:
    """Return which groups of everybody, or as good as everybody, an access list lets in."""
    return sorted({one.who for one in entries(sddl) if one.kind == "A" and one.who in BROAD})


def shared_with(sddl: str, own: str) -> list[str]:
    """Return the accounts and groups that somebody has let in by name, without the account `own`."""
    found = {one.who for one in entries(sddl) if one.kind == "A" and one.who.startswith(_NAMED)}
    return sorted(found - {own})


def of_folder(own: str, kept: Iterable[Entry] = ()) -> str:
    """Return the descriptor of a folder that is `own`'s, with the lines `kept`; what is in it gets the same."""
    said = "".join(f"({one.kind};{one.flags};{one.rights};;;{one.who})" for one in kept)
    return f"O:{own}D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;{own}){said}"


def of_pipe(own: str, guests: Iterable[str]) -> str:
    """Return the descriptor of a pipe that is `own`'s, and that `guests` may ask."""
    return f"O:{own}D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;{own})" + "".join(f"(A;;{ASK};;;{one})" for one in guests)
