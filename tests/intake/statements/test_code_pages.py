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
