"""One cell, one value: tables of what is read, and of what is refused with which words."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.intake.statements.values import Refusal, plain
from agent.intake.statements.values.contacts import email, phone
from agent.intake.statements.values.dates import iso
from agent.intake.statements.values.money import cents
from agent.intake.statements.values.names import split, split_member
from agent.intake.statements.values.places import city_state_zip, state, zip_code


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1234.56", 123456),
        ("$1,234.56", 123456),
        ("1,234,567.89", 123456789),
        ("1,234", 123400),
        ("12", 1200),
        ("12.5", 1250),
        (".5", 50),
        ("\u0661\u0662.00", None),
        ("12.", 1200),
        ("(12.00)", -1200),
        ("($1,234.50)", -123450),
        ("$(12.00)", -1200),
        ("12.00-", -1200),
        ("-12.00", -1200),
        ("-$12.00", -1200),
        ("$-12.00", -1200),
        ("+12.00", 1200),
        ("\u221212.00", -1200),
        ("12.00 CR", -1200),
        ("12.00 DR", 1200),
        ("12.00 USD", 1200),
        (" $ 12.00 ", 1200),
        ("$\u00a012.00", 1200),
        ("0.00", 0),
        (" $-   ", 0),
        ("$ -", 0),
        ("-", 0),
        ("US$12.00", 1200),
        ("US $ 12.00", 1200),
        ("-US$12", -1200),
        ("$ (12.00)", -1200),
        ("( 12.00 )", -1200),
        ("12.00CR", -1200),
        ("CR 12.00", -1200),
        ("\u201312.00", -1200),
        ('="12.00"', 1200),
        ("'12.00", 1200),
        ("99,999,999.99", 9_999_999_999),
        ("$999,999,999.99", None),
        ("100,000,000.00", None),
        ("(12.00) CR", None),
        ("-(12.00)", None),
        ("12.00)", None),
        ("$12 USD", None),
        ("\u20ac12.00", None),
        (12, 1200),
        (12.1, 1210),
        (0.1 + 0.2, 30),
        (99.89999999999999, 9990),
        (-12.0, -1200),
        (1.005, None),
        (12.345, None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        ("12.345", None),
        ("1.234,56", None),
        ("12.500", None),
        ("1.000", None),
        ("1,23", None),
        ("12,34,567.00", None),
        ("1 234.56", None),
        ("--5", None),
        ("(5", None),
        ("(-5)", None),
        ("five", None),
        ("", None),
        ("100000000.00", None),
        ("9" * 400, None),
    ],
)
def test_dollars(written: object, amount: int | None) -> None:
    if amount is None:
        with pytest.raises(Refusal):
            cents(written)
    else:
        assert cents(written) == amount


@pytest.mark.parametrize(
    ("written", "suggested"),
    [
        ("1.234,56", "Write it as 1,234.56."),
        ("12,5", "Write it as 12.50."),
        ("1,23", "Write it as 1.23."),
        ("12.345", "such as 12.35."),
        (12.345, "such as 12.35."),
    ],
)
def test_a_refused_amount_comes_with_the_likeliest_way_to_write_it(written: object, suggested: str) -> None:
    with pytest.raises(Refusal, match=suggested.replace(".", r"\.")):
        cents(written)


@pytest.mark.parametrize(
    ("written", "amount"),
    [(600, 600), ("600", 600), ("-5", -5), (Decimal("6.0"), None), (6.0, 6), (6.5, None), ("6.00", None), ("x", None)],
)
def test_cents(written: object, amount: int | None) -> None:
    if amount is None:
        with pytest.raises(Refusal, match="whole cents"):
            cents(written, "cents")
    else:
        assert cents(written, "cents") == amount


@given(st.integers(min_value=-9_999_999_999, max_value=9_999_999_999))
def test_every_amount_is_read_back_as_it_was_written(amount: int) -> None:
    dollars = f"{Decimal(amount) / 100:,.2f}"
    assert cents(dollars) == cents(dollars.replace(",", "")) == amount
    assert cents(amount / 100) == amount


@pytest.mark.parametrize(
    ("written", "order", "day"),
    [
        ("07/31/2026", "MDY", "2026-07-31"),
        ("7/1/26", "MDY", "2026-07-01"),
        ("7-1-2026", "MDY", "2026-07-01"),
        ("7.1.2026", "MDY", "2026-07-01"),
        ("07/01/2026", "DMY", "2026-01-07"),
        ("31/07/2026", "DMY", "2026-07-31"),
        ("26/07/31", "YMD", None),
        ("06/10/23", "YMD", None),
        ("Friday, November 20, 2026", "MDY", "2026-11-20"),
        ("Thursday, November 20, 2026", "MDY", None),
        ("November 20th, 2026", "MDY", "2026-11-20"),
        ("20 November 2026", "MDY", "2026-11-20"),
        ("Marble 5, 2026", "MDY", None),
        ("2026-07-31", "MDY", "2026-07-31"),
        ("2026/07/31", "DMY", "2026-07-31"),
        ("07312026", "MDY", "2026-07-31"),
        ("31072026", "DMY", "2026-07-31"),
        ("20260731", "MDY", "2026-07-31"),
        ("7/31/2026 12:00:00 AM", "MDY", "2026-07-31"),
        ("2026-07-31T00:00:00Z", "MDY", "2026-07-31"),
        ("2026-07-31 00:00:00.000", "MDY", "2026-07-31"),
        ("Jul 31, 2026", "MDY", "2026-07-31"),
        ("July 31 2026", "MDY", "2026-07-31"),
        ("31-Jul-26", "MDY", "2026-07-31"),
        ("12/31/68", "MDY", "2068-12-31"),
        ("12/31/69", "MDY", "1969-12-31"),
        ("01/01/0001", "MDY", ""),
        ("0001-01-01", "MDY", ""),
        ("00/00/0000", "MDY", ""),
        (date(2026, 7, 31), "DMY", "2026-07-31"),
        (datetime(2026, 7, 31, 23, 59), "MDY", "2026-07-31"),
        (46234, "MDY", "2026-07-31"),
        (46234.75, "MDY", "2026-07-31"),
        ("46234", "MDY", "2026-07-31"),
        (7312026.0, "MDY", "2026-07-31"),
        ("02/29/2028", "MDY", "2028-02-29"),
        ("02/29/2026", "MDY", None),
        ("13/01/2026", "MDY", None),
        ("07/31/1026", "MDY", None),
        ("07/31/226", "MDY", None),
        ("99999999", "MDY", None),
        ("soon", "MDY", None),
        ("7/31", "MDY", None),
        ("Foo 31, 2026", "MDY", None),
        (3, "MDY", None),
        (True, "MDY", None),
    ],
)
def test_dates(written: object, order: Literal["MDY", "DMY", "YMD"], day: str | None) -> None:
    if day is None:
        with pytest.raises(Refusal):
            iso(written, order)
    else:
        assert iso(written, order) == day


def test_excel_counts_days_from_1904_when_told() -> None:
    assert iso(44772, "MDY", 1904) == "2026-07-31"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("(212) 555-0123", "+12125550123"),
        ("212-555-0123", "+12125550123"),
        ("212.555.0123", "+12125550123"),
        ("2125550123", "+12125550123"),
        (2125550123.0, "+12125550123"),
        ("2125550123.0", "+12125550123"),
        ("1-212-555-0123", "+12125550123"),
        ("+1 212 555 0123", "+12125550123"),
        ("+15556873509", "+15556873509"),
        ("\u0662\u0661\u0662-555-0123", "+12125550123"),
        ("212/555-0123", "+12125550123"),
        ("(212)555-0123 ext. 5", "+12125550123"),
        ("+44 20 7946 0958", "+442079460958"),
        ("", ""),
        ("n/a", ""),
        ("() -", ""),
        ("000-000-0000", ""),
        ("555-0123", None),
        ("112-555-0123", None),
        ("212-155-0123", None),
        ("call home", None),
        ("DO NOT CALL 212-555-0142", None),
        ("1-800-FLOWERS", None),
        ("11-212-555-0142", None),
        ("212-555-0142/212-555-0143", None),
        ("(212) 555-0142 cell", "+12125550142"),
        ("Cell: 212-555-0142", "+12125550142"),
        ("9" * 5000, None),
    ],
)
def test_phones(written: object, number: str | None) -> None:
    if number is None:
        with pytest.raises(Refusal):
            phone(written)
    else:
        assert phone(written) == number


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("ann.lee+bills@mail.example.com", "ann.lee+bills@mail.example.com"),
        ("Ann@EXAMPLE.com", "Ann@EXAMPLE.com"),
        ("ann@example.io", "ann@example.io"),
        ("none", ""),
        ("N/A", ""),
        ("ann@", None),
        ("ann@example", None),
        (".ann@example.com", None),
        ("ann..lee@example.com", None),
        ("ann@-example.com", None),
        ("a@example.com; b@example.com", None),
        ("ann lee@example.com", None),
    ],
)
def test_emails(written: str, address: str | None) -> None:
    if address is None:
        with pytest.raises(Refusal):
            email(written)
    else:
        assert email(written) == address


@pytest.mark.parametrize(
    ("written", "order", "first", "last"),
    [
        ("John Snow", "auto", "John", "Snow"),
        ("John A Snow", "auto", "John", "Snow"),
        ("Mr. John A Snow", "auto", "John", "Snow"),
        ("Mr John Snow", "auto", "John", "Snow"),
        ("Dr. Ann Lee Jr.", "auto", "Ann", "Lee Jr."),
        ("John Snow III", "auto", "John", "Snow III"),
        ("Snow, John", "auto", "John", "Snow"),
        ("Snow,John A", "auto", "John", "Snow"),
        ("Snow, John A.", "last-first", "John", "Snow"),
        ("Snow Jr., John", "auto", "John", "Snow Jr."),
        ("Snow, John, Jr.", "auto", "John", "Snow Jr."),
        ("Snow John", "last-first", "John", "Snow"),
        ("Vincent van Gogh", "auto", "Vincent", "van Gogh"),
        ("Mary Smith-Jones", "auto", "Mary", "Smith-Jones"),
        ("Sean O'Brien", "auto", "Sean", "O'Brien"),
        ("José Núñez", "auto", "José", "Núñez"),
        ("Snow", "auto", "", "Snow"),
        ("Snow, Jr., John", "auto", "John", "Snow Jr."),
        ("Snow, PhD, Ann", "auto", "Ann", "Snow PhD"),
        ("Tanaka, Gen", "auto", "Gen", "Tanaka"),
        ("Bell, Sister", "auto", "Sister", "Bell"),
        ("John Snow 2nd", "auto", "John", "Snow 2nd"),
        ("José Vi", "auto", "José", "Vi"),
        ("Thi Hoa Vi", "auto", "Thi Hoa", "Vi"),
        ("Acme Dental LLC", "auto", "", "Acme Dental LLC"),
        ("Mary Ann Snow", "auto", "Mary Ann", "Snow"),
        ("Snow, Mary Ann", "auto", "Mary Ann", "Snow"),
        ('="Snow, John"', "auto", "John", "Snow"),
    ],
)
def test_names(written: str, order: Literal["auto", "last-first"], first: str, last: str) -> None:
    assert split(written, order) == (first, last)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ('="00123"', "00123"),
        ("'00123", "00123"),
        ("'Maya", "Maya"),
        ("'O'Brien", "O'Brien"),
        ("'t Hooft", "'t Hooft"),
        ("'s-Gravenhage", "'s-Gravenhage"),
        ("'Bud' Snow", "'Bud' Snow"),
        ('=""', ""),
        ('="a""b"', 'a"b'),
        ("=A1", "=A1"),
    ],
)
def test_what_guards_a_text_against_excel_is_no_part_of_it(written: str, seen: str) -> None:
    assert plain(written) == seen


def test_a_first_name_of_two_words_stays_one_where_lines_name_people_by_their_first_name() -> None:
    assert split_member("Mary Ann", first_only=True) == ("Mary Ann", "")


def test_a_single_word_on_a_line_is_a_first_name() -> None:
    assert split_member("Arya") == ("Arya", "")
    assert split_member("Arya Snow") == ("Arya", "Snow")


@pytest.mark.parametrize(
    ("written", "code", "known"),
    [("GA", "GA", True), ("ga.", "GA", True), ("Georgia", "GA", True), ("NEW YORK", "NY", True), ("ZZ", "ZZ", False)],
)
def test_states(written: str, code: str, known: bool) -> None:
    assert state(written) == (code, known)


@pytest.mark.parametrize(
    ("written", "code", "padded"),
    [
        ("30030", "30030", False),
        ("30030-1234", "30030-1234", False),
        ("300301234", "30030-1234", False),
        ("4501", "04501", True),
        (4501.0, "04501", True),
        (501, "00501", True),
        ("4501-1234", "04501-1234", True),
        ("45011234", "04501-1234", True),
        ("62701.0", "62701", False),
        ("62701.00", "62701", False),
        ("62701-", "62701", False),
        ("4501.0", "04501", True),
        ("K1A 0B1", "K1A 0B1", False),
    ],
)
def test_zip_codes(written: object, code: str, padded: bool) -> None:
    assert zip_code(written) == (code, padded)


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("Salem, OR 97301", ("Salem", "OR", "97301")),
        ("New York, New York 10001-1234", ("New York", "NY", "10001-1234")),
        ("Salem", ("Salem", "", "")),
        ("New York NY 10001", ("New York", "NY", "10001")),
        ("Salt Lake City UT 84101", ("Salt Lake City", "UT", "84101")),
        ("St. Louis, Missouri 63101", ("St. Louis", "MO", "63101")),
        ("Washington, D.C. 20001", ("Washington", "DC", "20001")),
        ("Washington DC 20001", ("Washington", "DC", "20001")),
        ("Key West FL 33040", ("Key West", "FL", "33040")),
        ("Charleston WV 25301", ("Charleston", "WV", "25301")),
        ("Charleston West Virginia 25301", ("Charleston", "WV", "25301")),
        ("Los Angeles North Carolina 27101", ("Los Angeles", "NC", "27101")),
        ("San Juan, PR 901", ("San Juan", "PR", "00901")),
        ("Salem,OR,97301", ("Salem", "OR", "97301")),
        ("New York 10001", ("New York 10001", "", "")),
        ("Port au Prince, Haiti", ("Port au Prince, Haiti", "", "")),
    ],
)
def test_city_state_and_zip_in_one_cell(written: str, parts: tuple[str, str, str]) -> None:
    assert city_state_zip(written) == parts


@pytest.mark.slow
@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.dates()))
def test_a_value_is_read_or_refused_and_nothing_else(raw: object) -> None:
    for read in (cents, iso, phone, email, split, split_member, state, zip_code, city_state_zip, plain):
        with suppress(Refusal):
            read(raw)  # type: ignore[operator]
