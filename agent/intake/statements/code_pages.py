"""Text of one byte a character: which code page its program wrote, told by the letters that each would make of names.

Excel saves "CSV" in Windows' code page, "CSV (Macintosh)" in that of old Macs and "CSV (MS-DOS)" in that of DOS, and
nothing in the file says which. A page that puts a dash or a capital into the middle of a word is the wrong one.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from agent.intake.statements.problems import Unreadable, unreadable
from agent.model import Fault

_PAGES = {"cp1252": "Windows", "mac_roman": "Macintosh", "cp437": "MS-DOS", "cp850": "MS-DOS"}
_WORD = re.compile(rb"[A-Za-z'\x80-\xff-]*[\x80-\xff][A-Za-z'\x80-\xff-]*")
_CHUNK = 1 << 20
_MOST_WORDS = 5_000
_SHOWN = 40
_LETTERS = frozenset("áàâäãåæçéèêëíìîïñóòôöõøœúùûüýÿßš\u017eÁÀÂÄÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜÝŸŠ\u017dðþÐÞ")
_SELDOM = frozenset("æûÿßæÆÛŸÕõìÌùÙïÏðþÐÞÝýšŠ\u017e\u017dœŒàÀòÒ")
_NORDIC, _SOUTHERN = frozenset("øæØÆ"), frozenset("áíóúñçãõÁÍÓÚÑÇÃÕ")
_VOWELS = frozenset("aeiouyáéíóúàèìòùâêîôûäëïöüãõåæø")
_BETWEEN = frozenset("\u2019\u00b4\u2018")  # O'Brien
_DASHES = frozenset("\u2013\u2014\u2026\u00b7\u2022")
_BESIDE = (
    _BETWEEN
    | _DASHES
    | frozenset(
        "\u201c\u201d\u2013\u2014\u2026\u2022\u00b7\u00b0\u00ba\u00aa\u00ae\u2122\u00a9\u00a7\u00bd\u00bc\u00be\u00a0\u00ab\u00bb\u00bf\u00a1\u20ac\u00a3\u00a2"
    )
)


def code_page(name: str, stream: BinaryIO) -> tuple[str, tuple[str, ...]]:
    """Return the code page of a text that is not UTF-8, and what is worth a word about it.

    Raises `Unreadable`, with the words in question, where two pages make names of it.
    """
    words = _words(stream)
    weights = {page: weight for page in _PAGES if (weight := _weight(words, page)) is not None}
    if not weights:
        raise _no_text(name) if any(page is None for page in map(_decoded, words)) else _asked(name, words, [*_PAGES])
    least = min(weights.values())
    likely = [page for page, weight in weights.items() if weight == least]
    readings = {tuple(word.decode(page) for word in words) for page in likely}
    if len(readings) > 1:
        raise _asked(name, words, likely)
    page = likely[0]
    note = f"The file was read as text that an old {_PAGES[page]} program wrote. Look at the names with accents."
    return page, () if page == "cp1252" else (note,)


def _words(stream: BinaryIO) -> list[bytes]:
    found: dict[bytes, None] = {}
    rest = b""
    while (chunk := stream.read(_CHUNK)) and len(found) < _MOST_WORDS:
        lines, _, rest = (rest + chunk).rpartition(b"\n")
        found |= dict.fromkeys(_WORD.findall(lines))
    return list(found | dict.fromkeys(_WORD.findall(rest)))[:_MOST_WORDS]


def _weight(words: list[bytes], page: str) -> int | None:
    """Return how many seldom letters the page makes of the words, or None where it makes no words of them."""
    total = 0
    for word in words:
        try:
            text = word.decode(page)
        except UnicodeDecodeError:
            return None
        for part in re.split(r"[-']", text):
            if not _is_word(part):
                return None
        total += sum(c in _SELDOM for c in text) + len(_JOINING.findall(text))
    return total


_JOINING = re.compile(r"(?<=\w)[\u2013\u2014\u2026\u00b7\u2022](?=\w)")


def _is_word(text: str) -> bool:
    if sum(not letter.isascii() for letter in text) * 2 > len(text) + 1:
        return False
    if not _NORDIC.isdisjoint(text) and not _SOUTHERN.isdisjoint(text):  # no language has both
        return False
    for at, letter in enumerate(text):
        if letter.isascii():
            continue
        before, after = text[:at], text[at + 1 :]
        inside = bool(before and before[-1].isalpha() and after and after[0].isalpha())
        if letter not in _LETTERS:
            if letter not in (_BETWEEN | _DASHES if inside else _BESIDE):
                return False
            continue
        if len(text) == 1:
            return False
        if letter.isupper() and before and not before.isupper():
            return False
        if letter.isupper() and not before and after and not (after.islower() or after.isupper()):
            return False
        if letter.islower() and ((before.isupper() and len(before) > 1) or after[:1].isupper()):
            return False
        if letter.isupper() and before and after and not after.isupper():
            return False
        if letter in "ìù" and before:  # of Italian words it is the last letter; in others it is another page's
            return False
        if letter in "çÇñÑ" and after and after[0].lower() not in _VOWELS:
            return False
    return True


def _decoded(word: bytes) -> str | None:
    try:
        return word.decode("cp1252")
    except UnicodeDecodeError:
        return None


def _no_text(name: str) -> Unreadable:
    return unreadable(name, "it is not a text file, or it is damaged (some of its characters do not exist)")


def _asked(name: str, words: list[bytes], pages: list[str]) -> Unreadable:
    several = [[*dict.fromkeys(word.decode(page, "replace")[:_SHOWN] for page in pages)] for word in words]
    readings = max(several, key=len)[:3]
    return unreadable(
        name,
        f"its letters with accents can be read in more than one way ({' or '.join(readings)})",
        'Open it in Excel, look at the names, and save it as "CSV UTF-8" or as an Excel workbook (.xlsx), then drag it '
        "back into the folder.",
        [Fault("a word with an accent", reading, "One way to read it.") for reading in readings],
    )
