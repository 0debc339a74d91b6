"""Which code page a text was written in, told by the letters that each would make of names."""

from __future__ import annotations

import io

import pytest

from agent.intake.statements.code_pages import code_page
from agent.intake.statements.problems import Unreadable


@pytest.mark.parametrize("page", ["cp1252", "mac_roman", "cp437", "cp850"])
@pytest.mark.parametrize("name", ["Muñoz", "MUÑOZ", "José", "GARCÍA", "García", "Núñez", "Müller", "Zoë", "André"])
def test_a_name_is_read_as_it_was_written_or_asked_about(name: str, page: str) -> None:
    try:
        written = name.encode(page)
    except UnicodeEncodeError:
        pytest.skip("this page does not have the letter")
    assert name in _readings(b"Name\r\n" + written + b"\r\n")


def _readings(data: bytes) -> list[str]:
    """Return the one reading, or those that are asked about."""
    try:
        found, _ = code_page("x.csv", io.BytesIO(data))
    except Unreadable as asked:
        return [fault.value for fault in asked.problem.details]
    return data.decode(found).split()


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("Muñoz", "mac_roman"),
        ("Gómez", "mac_roman"),
        ("González", "mac_roman"),
        ("José\nMüller", "cp437"),
        ("O\u2019Brien", "cp1252"),
        ("Muñoz \u2013 see note\nD\u2019Angelo", "cp1252"),
        ("MUÑOZ", "cp1252"),
    ],
)
def test_what_only_one_page_makes_sense_of_is_not_asked(text: str, page: str) -> None:
    found, notes = code_page("x.csv", io.BytesIO(text.encode(page)))
    assert text.encode(page).decode(found) == text
    assert bool(notes) == (page != "cp1252")


def test_a_dash_within_a_word_is_asked_about() -> None:
    assert "upper\u2013lower" in _readings("upper\u2013lower".encode("cp1252"))


def test_two_readings_are_asked_about_with_both() -> None:
    with pytest.raises(Unreadable) as asked:
        code_page("x.csv", io.BytesIO("François".encode("cp437")))
    assert "François" in asked.value.problem.sentence


WINDOWS = [
    "Muñoz", "García", "Álvarez", "Ávila", "Ángel", "Óscar", "Íngrid", "José", "JOSÉ", "RENÉ", "GÓMEZ",
    "Étienne", "Éric", "Österberg", "Öberg", "Åsa", "Çelik", "Anaïs", "Loïc", "Naïma", "Thaïs", "Eloïse",
    "Moïse", "Àlex", "Ærø", "Zoë", "Noël", "André", "Hélène", "François", "João", "Simões", "Magalhães",
    "Conceição", "Müller", "Jürgen", "Björn", "Søren", "Håkan", "Weiß", "Groß", "Nicolà", "Nicolò", "Benoît",
    "ÁLVAREZ", "NÚÑEZ", "JOÃO", "ÖZTÜRK", "CHLOË", "naïve",
    "don\u2019t", "patient\u2019s", "O\u2019Brien", "\u201cnow\u201d", "¡Gracias", "Crest\u2122",
    "Invisalign®", "Salem\u00a0",
]  # fmt: skip


@pytest.mark.parametrize("word", WINDOWS)
def test_a_windows_file_goes_as_it_is_by_any_one_word(word: str) -> None:
    found, notes = code_page("x.csv", io.BytesIO(b"Name\r\n" + word.encode("cp1252") + b"\r\n"))
    assert (word.encode("cp1252").decode(found), notes) == (word, ())


OLD = [
    "Nicolà", "Simões", "Anaïs", "Solís", "Luís", "Óscar", "Weiß", "Çelik", "Nicolò", "Muñoz", "García", "Díaz",
    "Gómez", "Zoë", "François",
]  # fmt: skip


@pytest.mark.parametrize("page", ["mac_roman", "cp437", "cp850"])
@pytest.mark.parametrize("name", OLD)
def test_a_name_of_an_old_page_is_right_or_asked_about(name: str, page: str) -> None:
    test_a_name_is_read_as_it_was_written_or_asked_about(name, page)
