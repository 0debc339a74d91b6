"""A store's own profiles: written whole, read as they were said, and tried before those that come with OutTray."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.intake.statements.headings import possible_headings
from agent.intake.statements.own_profiles import as_toml, keep, own_profiles
from agent.intake.statements.problems import Unreadable
from agent.intake.statements.profile import Layout, Profile, Recognition, built_in, parse
from agent.intake.statements.recognition import choose
from agent.intake.statements.source import examine

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def profile(name: str = "main-street", **columns: str) -> Profile:
    chosen = columns or {"account": "Konto", "amount_due": "Wieviel"}
    return Profile(
        name=name,
        title="What main-street said",
        recognise=Recognition(headings=tuple(chosen.values())),
        layout=Layout(statement_date="today"),
        columns={field: (heading,) for field, heading in chosen.items()},
    )


@settings(deadline=None)
@given(headings=st.lists(text, min_size=2, max_size=5), title=text, ignored=st.lists(text, max_size=3))
def test_what_is_written_is_read_as_the_same(headings: list[str], title: str, ignored: list[str]) -> None:
    said = Profile(
        name="one",
        title=title,
        recognise=Recognition(headings=tuple(headings)),
        layout=Layout(dates="DMY", amounts="cents", statement_date="today", sections=True, hard_cut=3),
        columns={"account": tuple(headings)},
        ignore=tuple(ignored),
    )
    assert parse(as_toml(said), "one.toml") == said


@pytest.mark.parametrize("known", list(built_in().values()), ids=lambda one: one.name)
def test_every_profile_that_comes_with_outtray_can_be_written(known: Profile) -> None:
    assert parse(as_toml(known), "one.toml") == known


def test_the_same_headings_replace_what_was_said_and_others_stand_beside(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    assert own_profiles(folder, "main-street") == ()
    first, again = profile(), profile(name="again", account="konto", amount_due="WIEVIEL")
    other = profile(name="other", account="Nummer", amount_due="Summe")
    paths = [keep(folder, "main-street", one).name for one in (first, other, again)]
    assert paths == ["main-street.toml", "main-street.2.toml", "main-street.toml"]
    assert own_profiles(folder, "main-street") == (again, other)
    assert own_profiles(folder, "main") == ()
    assert sorted(path.name for path in folder.iterdir()) == ["main-street.2.toml", "main-street.toml"]


def test_no_file_belongs_to_two_stores_whatever_stands_in_their_names(tmp_path: Path) -> None:
    plain, dotted = profile(name="plain"), profile(name="dotted", account="Nummer", amount_due="Summe")
    assert keep(tmp_path, "a.2", dotted).name == "a_2.toml"
    assert own_profiles(tmp_path, "a") == ()
    assert keep(tmp_path, "a", plain).name == "a.toml"
    assert (own_profiles(tmp_path, "a"), own_profiles(tmp_path, "a.2")) == ((plain,), (dotted,))


def test_the_stores_own_goes_before_every_other(tmp_path: Path) -> None:
    del tmp_path
    data = b"Account Number,Statement Date,Amount Due,Wieviel\n1,07/31/2026,1.00,2.00\n"
    own = profile(account="Account Number", amount_due="Wieviel")
    chosen = choose(examine("july.csv", BytesIO(data)), "auto", (own,))
    assert chosen.profile == own
    assert "main-street, the store's own profile" in chosen.why
    assert choose(examine("july.csv", BytesIO(data)), "auto").profile.name == "generic"
    other = b"Account Number,Statement Date,Amount Due\n1,07/31/2026,1.00\n"
    assert choose(examine("july.csv", BytesIO(other)), "auto", (own,)).profile.name == "generic"


def test_a_broken_one_is_told_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "main-street.toml").write_text("name = ")
    with pytest.raises(Unreadable) as raised:
        own_profiles(tmp_path, "main-street")
    assert "main-street.toml cannot be used" in raised.value.problem.sentence


def test_the_likeliest_headings_come_first_with_what_the_nearest_profile_knows() -> None:
    data = b"Aging as of 07/31/2026,,\nResp Party,PatNum,Soll\nJordan Avery,10442,1.00\nRosa Whitfield,10517,2.00\n"
    first, *_ = possible_headings(examine("aging.csv", BytesIO(data)))
    assert (first.number, first.headings) == (2, ("Resp Party", "PatNum", "Soll"))
    assert first.values == (("Jordan Avery", "Rosa Whitfield"), ("10442", "10517"), ("1.00", "2.00"))
    assert first.fields[1:] == ("account", "")
