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
_APOSTROPHE, _ELLIPSIS = "\u2019", "\u2026"
_OPENS, _CLOSES = frozenset("\u2018\u201c\u00ab"), frozenset("\u2019\u201d\u00bb")
_TURNED = frozenset("\u00a1\u00bf")
_DASHES = frozenset("\u2013\u2014\u2026\u00b7\u2022")
_SIGNS = frozenset("\u00b4\u00b0\u00ba\u00aa\u00ae\u2122\u00a9\u00a7\u00bd\u00bc\u00be\u00a0\u20ac\u00a3\u00a2")
_BEHIND_A_WORD = frozenset("\u00ae\u2122\u00a9")
_PRIOR = {"cp1252": 0, "mac_roman": 1, "cp437": 1, "cp850": 2}
"""What speaks against a page before a word is read: Windows' is what all write today, and 850 was never America's."""


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
    """Return how unlikely it is that the words are of this page, or None where it makes no words of them."""
    total = _PRIOR[page]
    for word in words:
        try:
            parts = re.split(r"[-']", word.decode(page))
        except UnicodeDecodeError:
            return None
        for part in parts:
            cost = _cost(part)
            if cost is None:
                return None
            total += cost
    return total


def _cost(text: str) -> int | None:
    """Return how odd a word looks, or None where it is none."""
    if sum(not letter.isascii() for letter in text) * 2 > len(text) + 1:
        return None
    if not _NORDIC.isdisjoint(text) and not _SOUTHERN.isdisjoint(text):  # no language has both
        return None
    total = 0
    for at, letter in enumerate(text):
        if letter.isascii():
            continue
        before, after = text[:at], text[at + 1 :]
        cost = _of_letter(letter, before, after) if letter in _LETTERS else _of_sign(letter, before, after)
        if cost is None:
            return None
        total += cost
    return total


def _of_letter(letter: str, before: str, after: str) -> int | None:
    if not before and not after:
        return None
    if letter.isupper() and before and not before.isupper():
        return None
    if letter.isupper() and not before and not (after.islower() or after.isupper() or not after.isalpha()):
        return None
    if letter.islower() and ((before.isupper() and len(before) > 1) or after[:1].isupper()):
        return None
    if letter.isupper() and before and after[:1].isalpha() and not after.isupper():
        return None
    last, following, small = before[-1:].lower(), after[:1].lower(), letter.lower()
    if small in "ìù" and before and (after or letter.islower()):  # of Italian words it is the last letter
        return None
    if small in "çñ" and following and following not in _VOWELS:
        return None
    if small in "ãõ" and (small + last in ("ãa", "õo") or following not in ("", "e", "i", "o", "s")):
        return None
    cost = int(letter in _SELDOM and not (letter == "ß" and last in _VOWELS))
    if (letter in "âêîôû" and not (before and after)) or (
        letter == "à" and not before
    ):  # no end, or beginning, of names
        cost += 1
    if small in "äöü" and (following in tuple("aeio") or after.lower().endswith("ez")):
        cost += 3
    if small == "á" and not after and last in _VOWELS:
        cost += 1
    if small == "ñ" and last and last not in _VOWELS:
        cost += 3
    return cost


def _of_sign(letter: str, before: str, after: str) -> int | None:
    inside = before[-1:].isalpha() and after[:1].isalpha()
    if inside:
        if letter == _APOSTROPHE:
            return _of_apostrophe(before, after)
        return 2 if letter in _DASHES else 3 if letter in "\u00b4\u2018" else None
    if letter in _OPENS | _CLOSES:
        right = (letter in _OPENS) is bool(after) or not (before or after)
        return 0 if right or (letter == _APOSTROPHE and before[-1:] in ("", *"sS")) else 3
    if letter in _TURNED:
        return 1 if after else 3
    if letter == _ELLIPSIS:
        return 0 if not before and not after else 2 if before[-1:].islower() or after else 1
    if letter in _DASHES:
        return 2 if before[-1:].isalpha() or after[:1].isalpha() else 0
    if letter in _SIGNS:
        beside = after[:1].isalpha() or (before[-1:].isalpha() and letter not in _BEHIND_A_WORD)
        return 2 if beside and letter != "\u00a0" else 0
    return None


def _of_apostrophe(before: str, after: str) -> int:
    """O'Brien and d'Angelo, or the \u00ed of an old Mac; don't and the patient's, or Lu\u00eds."""
    if after[0].isupper():
        return 0
    if after == "s":
        return int(len(before) < 4)
    if after in ("t", "d", "m", "ll", "re", "ve"):
        return 0
    return 1 if len(before) == 1 else 2


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
