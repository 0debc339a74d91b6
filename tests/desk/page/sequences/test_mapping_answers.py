"""What people say of columns on the page, in whatever order and from however many tabs: what goes is what was shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.desk.page.forms import mapping_sheet
from agent.intake.statements.own_profiles import own_profiles
from tests.support.forms import Form
from tests.support.simulated_desk import SimulatedDesk
from tests.support.simulated_practice import STATEMENTS

WHOLE = "Konto,Wer,Wieviel,Wann,Fon"
WHOLE_SAID = {
    "column-0": "account",
    "column-1": "name",
    "column-2": "amount_due",
    "column-3": "statement_date",
    "column-4": "phone",
}
SHORT = "Konto,Wer,Wieviel"
SHORT_SAID = {"column-0": "account", "column-1": "name", "column-2": "amount_due", "dated_by": "today"}
ROW = "77,Rosa Whitfield,50.00,2026-01-31,(312) 555-0142"
SHORT_ROW = "77,Rosa Whitfield,50.00"


@pytest.fixture
def desk(tmp_path: Path) -> SimulatedDesk:
    return SimulatedDesk(tmp_path)


def failed(desk: SimulatedDesk, name: str, *lines: str) -> str:
    """Drop a file whose columns nobody knows; return its packet's address on the page."""
    before = set(desk.failed_ones(STATEMENTS))
    desk.drop(name, "\n".join((*lines, "")).encode(), STATEMENTS)
    desk.pass_(minutes=1)
    [packet] = set(desk.failed_ones(STATEMENTS)) - before
    return f"/packet/{packet}/mapping"


def shown(desk: SimulatedDesk, address: str, said: dict[str, str], **more: str) -> Form:
    """Say what the columns are and look at the result, as a browser's tab has it then."""
    return Form.of(Form.of(desk.client.get(address)).send(desk.client, **said, **more, act="show"))


def answered(desk: SimulatedDesk, address: str, said: dict[str, str], **more: str) -> None:
    """Say what the columns are, look at the result, and save."""
    saved = shown(desk, address, said, **more).send(desk.client, act="save")
    assert saved.status_code == 303, saved.text
    desk.pass_(minutes=1)


def dropped(desk: SimulatedDesk, name: str, *lines: str) -> None:
    desk.drop(name, "\n".join((*lines, "")).encode(), STATEMENTS)
    desk.pass_(minutes=1)


def last(desk: SimulatedDesk) -> dict[str, object]:
    """The first statement of what went last."""
    return desk.statements()[-1][1][0]


# --- A profile is recognised by all headings of its row -------------------------------------------------------------


def test_an_answer_for_a_short_list_is_none_for_the_regular_export(desk: SimulatedDesk) -> None:
    answered(desk, failed(desk, "short.csv", SHORT, SHORT_ROW), SHORT_SAID)
    assert len(desk.statements()) == 1
    address = failed(desk, "regular.csv", WHOLE, ROW)
    answered(desk, address, WHOLE_SAID, dates="YMD")
    assert last(desk)["statementDate"] == "2026-01-31"
    assert last(desk)["smsPhoneNumber"] == "+13125550142"


def test_each_of_two_answers_takes_its_own_export(desk: SimulatedDesk) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), WHOLE_SAID, dates="YMD")
    answered(desk, failed(desk, "short.csv", SHORT, SHORT_ROW), SHORT_SAID, profile="short")
    dropped(desk, "next.csv", WHOLE, ROW.replace("50.00", "12.00"))
    assert (last(desk)["amountDue"], last(desk)["statementDate"]) == (1200, "2026-01-31")
    dropped(desk, "next-short.csv", SHORT, SHORT_ROW.replace("50.00", "13.00"))
    assert last(desk)["amountDue"] == 1300
    assert last(desk)["statementDate"] != "2026-01-31"


@pytest.mark.parametrize(
    "headings",
    [
        pytest.param("Konto,Wer,Wieviel,Wann,Fon,Mahnstufe", id="a column more"),
        pytest.param("Konto,Wer,Wieviel,Wann,Fon,Fon", id="a column twice"),
        pytest.param("Konto,Wer,Wieviel,Wann,Fon,金額", id="a column more, in other letters"),
        pytest.param("Konto,Wer,Wieviel,Wann", id="a column less"),
        pytest.param("Konto,Wer,Wieviel,Wann,Handy", id="a column that is called otherwise"),
    ],
)
def test_other_headings_are_another_export(desk: SimulatedDesk, headings: str) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), WHOLE_SAID, dates="YMD")
    count = headings.count(",") + 1
    address = failed(desk, "other.csv", headings, ",".join((*ROW.split(","), "3")[:count]))
    assert len(desk.statements()) == 1
    form = Form.of(desk.client.get(address))
    assert [form[f"column-{n}"] for n in range(3)] == ["account", "name", "amount_due"]  # what is known is filled in


@pytest.mark.parametrize(
    "headings", ["Fon,Wann,Wieviel,Wer,Konto", "KONTO , wer,Wieviel:,Wann,Fon.", "Konto,Wer,Wieviel,Wann,Fon"]
)
def test_the_same_headings_in_another_order_or_spelling_are_the_same_export(desk: SimulatedDesk, headings: str) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), WHOLE_SAID, dates="YMD")
    values = dict(zip("Konto,Wer,Wieviel,Wann,Fon".lower().split(","), ROW.split(","), strict=True))
    row = ",".join(values["".join(filter(str.isalpha, heading)).lower()] for heading in headings.split(","))
    dropped(desk, "again.csv", headings, row.replace("50.00", "60.00"))
    assert (len(desk.statements()), last(desk)["amountDue"]) == (2, 6000)


def test_which_of_two_columns_is_meant_is_asked_once(desk: SimulatedDesk) -> None:
    headings = "Account Number,Patient ID,Patient Name,Amount Due,Statement Date"
    said = {
        "column-0": "account",
        "column-1": "",
        "column-2": "name",
        "column-3": "amount_due",
        "column-4": "statement_date",
    }
    address = failed(desk, "first.csv", headings, "1001,P-77,Maya Lindqvist,50.00,2026-01-31")
    page = desk.client.get("/").text
    assert "columns that say different things" in page
    assert address in page
    answered(desk, address, said, dates="YMD")
    dropped(desk, "next.csv", headings, "1002,P-78,Omar Haddad,75.00,2026-01-31")
    assert [body[0]["externalPatientId"] for _, body in desk.statements()] == ["1001", "1002"]


def test_a_column_that_was_left_out_is_one_of_the_headings_too(desk: SimulatedDesk) -> None:
    said = {key: value for key, value in WHOLE_SAID.items() if value != "phone"}
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), said, dates="YMD")
    failed(desk, "without.csv", "Konto,Wer,Wieviel,Wann", ROW.rpartition(",")[0])
    assert len(desk.statements()) == 1


# --- What was shown is what is used ---------------------------------------------------------------------------------


BY_HAND = """
name = "by-hand"
title = "Made by hand"
[recognise]
headings = ["Konto", "Wer", "Wieviel", "Wann", "Fon"%s]
[layout]
amounts = "cents"
dates = "YMD"
[columns]
account = ["Konto"]
amount_due = ["Wieviel"]
statement_date = ["Wann"]
"""


@pytest.mark.parametrize("more", ["", ', "FON"'])
def test_what_was_shown_goes_whatever_other_mapping_fits(desk: SimulatedDesk, tmp_path: Path, more: str) -> None:
    address = failed(desk, "regular.csv", WHOLE, ROW)
    folder = tmp_path / "data" / "profiles"
    folder.mkdir(parents=True)
    (folder / "main-street.7.toml").write_text(BY_HAND % more)
    answered(desk, address, {**WHOLE_SAID, "profile": "mine"}, dates="YMD", amounts="dollars")
    assert last(desk)["amountDue"] == 5000


def test_where_another_mapping_would_be_taken_it_is_named_and_nothing_is_saved(
    desk: SimulatedDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data" / "profiles"
    address = failed(desk, "regular.csv", WHOLE, ROW)
    folder.mkdir(parents=True)
    (folder / "main-street.7.toml").write_text(BY_HAND % "")
    known = own_profiles(folder, "main-street")
    monkeypatch.setattr(mapping_sheet, "with_answer", lambda _known, profile: (profile, *known))
    form = shown(desk, address, {**WHOLE_SAID, "profile": "mine"}, dates="YMD")
    answer = form.send(desk.client, act="save")
    assert answer.status_code == 422
    assert "would be read with the mapping by-hand and not with this one" in answer.text
    desk.pass_(minutes=1)
    assert desk.statements() == []
    assert [path.name for path in folder.iterdir()] == ["main-street.7.toml"]


@pytest.mark.parametrize("changed", [{"amounts": "cents"}, {"dates": "DMY"}, {"column-4": ""}, {"dated_by": "today"}])
def test_what_was_changed_after_the_result_was_shown_is_not_saved(desk: SimulatedDesk, changed: dict[str, str]) -> None:
    address = failed(desk, "regular.csv", WHOLE, ROW.replace("50.00", "5000"))
    form = shown(desk, address, WHOLE_SAID, dates="YMD")
    answer = form.send(desk.client, act="save", **changed)
    desk.pass_(minutes=1)
    went = desk.statements()
    assert answer.status_code == 422 or last(desk)["amountDue"] == 500000
    assert len(went) == (0 if answer.status_code == 422 else 1)


def test_a_file_that_was_changed_on_the_shelf_after_it_was_shown_is_shown_again(desk: SimulatedDesk) -> None:
    address = failed(desk, "regular.csv", WHOLE, ROW)
    form = shown(desk, address, WHOLE_SAID, dates="YMD")
    path = desk.folder(STATEMENTS) / "failed" / "regular.csv"
    desk.fs.delete(path)
    desk.fs.put(path, f"{WHOLE}\n{ROW.replace('50.00', '5000.00')}\n".encode())
    answer = form.send(desk.client, act="save")
    assert answer.status_code == 422
    assert "$5,000.00" in answer.text
    desk.pass_(minutes=1)
    assert desk.statements() == []


# --- Versions: an older tab never writes over a newer answer --------------------------------------------------------


def test_an_older_tab_does_not_write_over_a_newer_answer(desk: SimulatedDesk) -> None:
    first = failed(desk, "one.csv", WHOLE, ROW)
    second = failed(desk, "two.csv", WHOLE, ROW.replace("50.00", "70.00"))
    old_tab = shown(desk, first, WHOLE_SAID, dates="YMD", amounts="cents")
    answered(desk, second, WHOLE_SAID, dates="YMD")
    assert last(desk)["amountDue"] == 7000
    answer = old_tab.send(desk.client, act="save")
    assert answer.status_code == 422
    assert "answered for these columns meanwhile" in answer.text
    desk.pass_(minutes=1)
    assert len(desk.statements()) == 1
    dropped(desk, "three.csv", WHOLE, ROW.replace("50.00", "80.00"))
    assert last(desk)["amountDue"] == 8000


def test_an_older_tab_that_looks_again_is_told_of_the_newer_answer_too(desk: SimulatedDesk) -> None:
    first = failed(desk, "one.csv", WHOLE, ROW)
    second = failed(desk, "two.csv", WHOLE, ROW.replace("50.00", "70.00"))
    old_tab = shown(desk, first, WHOLE_SAID, dates="YMD", amounts="cents")
    answered(desk, second, WHOLE_SAID, dates="YMD")
    again = old_tab.send(desk.client, act="show")
    assert "answered for these columns meanwhile" in again.text
    assert Form.of(again)["amounts"] == "cents"  # what was chosen still stands there


def test_two_answers_of_a_store_have_two_names(desk: SimulatedDesk) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), WHOLE_SAID, dates="YMD")
    address = failed(desk, "short.csv", SHORT, SHORT_ROW)
    assert Form.of(desk.client.get(address))["profile"] != "main-street"
    answer = shown(desk, address, {**SHORT_SAID, "profile": "main-street"}).send(desk.client, act="save")
    assert answer.status_code == 422
    assert "is called main-street" in answer.text


# --- Sums that change by a factor of 100 ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "amounts", "told"),
    [
        pytest.param("51.00", "dollars", "", id="as before"),
        pytest.param("500.00", "dollars", "", id="ten times: a dear month"),
        pytest.param("5000", "dollars", "about 100 times as much", id="cents that are read as dollars"),
        pytest.param("50", "cents", "about a hundredth", id="dollars that are read as cents"),
    ],
)
def test_amounts_are_held_against_what_went_last(desk: SimulatedDesk, row: str, amounts: str, told: str) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), WHOLE_SAID, dates="YMD")
    address = failed(desk, "new.csv", f"{WHOLE},Neu", f"{ROW.replace('50.00', row)},1")
    form = shown(desk, address, {**WHOLE_SAID, "profile": "new"}, dates="YMD", amounts=amounts)
    answer = form.send(desk.client, act="save")
    desk.pass_(minutes=1)
    assert (answer.status_code, len(desk.statements())) == ((422, 1) if told else (303, 2))
    if told:
        assert told in answer.text
        assert Form.of(answer).send(desk.client, act="save").status_code == 422
        assert Form.of(answer).send(desk.client, act="save", sums=Form.of(answer)["shown"]).status_code == 303
        desk.pass_(minutes=1)
        assert len(desk.statements()) == 2


def test_amounts_are_held_against_the_answer_that_is_replaced(desk: SimulatedDesk) -> None:
    bad = ROW.replace("50.00", "5000.5.0")
    address = failed(desk, "regular.csv", WHOLE, ROW.replace("50.00", "5000"), bad)
    answered(desk, address, WHOLE_SAID, dates="YMD", amounts="cents")  # nothing goes: one of its rows is wrong
    again = f"/packet/{desk.failed_one(STATEMENTS)}/mapping"
    answer = shown(desk, again, WHOLE_SAID, amounts="dollars").send(desk.client, act="save")
    assert answer.status_code == 422
    assert "by the answer that it replaces it was $50.00. That is about 100 times as much." in answer.text


def test_what_was_ticked_for_one_result_does_not_hold_for_another(desk: SimulatedDesk) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), WHOLE_SAID, dates="YMD")
    address = failed(desk, "new.csv", f"{WHOLE},Neu", f"{ROW.replace('50.00', '5000')},1")
    form = shown(desk, address, {**WHOLE_SAID, "profile": "new"}, dates="YMD", amounts="dollars")
    ticked = form["shown"]
    other = Form.of(form.send(desk.client, act="show", **{"column-4": ""}))
    assert other.send(desk.client, act="save", sums=ticked).status_code == 422
    desk.pass_(minutes=1)
    assert len(desk.statements()) == 1


# --- Seen, changed, removed -----------------------------------------------------------------------------------------


def link(desk: SimulatedDesk) -> str:
    """The address of the one answer in the list."""
    [found] = set(re.findall(r'href="(/mappings/[^"]+)"', desk.client.get("/mappings").text))
    return str(found)


def test_an_answer_is_seen_and_changed_with_a_file_that_shows_the_result(desk: SimulatedDesk) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), WHOLE_SAID, dates="YMD")
    listed = desk.client.get("/mappings").text
    assert "<dt>Wieviel</dt><dd>Amount due</dd>" in listed
    assert "Dates: Year, month, day: 2026-07-31" in listed
    form = Form.of(desk.client.get(link(desk)))
    assert [form[name] for name in WHOLE_SAID] == list(WHOLE_SAID.values())
    changed = Form.of(form.send(desk.client, **{"column-4": ""}, act="show"))
    answer = changed.send(desk.client, act="save")
    assert (answer.status_code, answer.headers["location"]) == (303, "/mappings?done=mapping-changed")
    dropped(desk, "next.csv", WHOLE, ROW.replace("50.00", "51.00"))
    assert "smsPhoneNumber" not in last(desk)
    assert len(desk.statements()) == 2  # the file that was looked at has not gone again


def test_a_changed_answer_is_held_against_what_went_last(desk: SimulatedDesk) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW.replace("50.00", "5000")), WHOLE_SAID, dates="YMD")
    form = Form.of(Form.of(desk.client.get(link(desk))).send(desk.client, amounts="cents", act="show"))
    assert form.send(desk.client, act="save").status_code == 422
    dropped(desk, "next.csv", WHOLE, ROW.replace("50.00", "5100"))
    assert last(desk)["amountDue"] == 510000
    again = Form.of(form.send(desk.client, act="save"))  # another file shows the result now: it is looked at anew
    assert again.send(desk.client, act="save", sums=form["shown"]).status_code == 422
    assert again.send(desk.client, act="save", sums=again["shown"]).status_code == 303


def test_a_removed_answer_is_asked_for_again(desk: SimulatedDesk) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), WHOLE_SAID, dates="YMD")
    address = link(desk)
    assert desk.client.post(f"{address}/remove").headers["location"] == "/mappings?done=mapping-removed"
    failed(desk, "next.csv", WHOLE, ROW.replace("50.00", "51.00"))
    assert len(desk.statements()) == 1
    assert "Nobody was asked yet" in desk.client.get("/mappings").text


@pytest.mark.parametrize("what", ["", "/remove"])
def test_an_older_list_neither_changes_nor_removes_a_newer_answer(desk: SimulatedDesk, what: str) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), WHOLE_SAID, dates="YMD")
    old = link(desk)
    old_form = Form.of(desk.client.get(old))
    newer = Form.of(old_form.send(desk.client, **{"column-4": ""}, act="show"))
    assert newer.send(desk.client, act="save").status_code == 303
    stale = old_form.send(desk.client, act="save") if not what else desk.client.post(old + what)
    assert stale.status_code == 404
    assert "Somebody has changed or removed it meanwhile" in stale.text
    dropped(desk, "next.csv", WHOLE, ROW.replace("50.00", "51.00"))
    assert "smsPhoneNumber" not in last(desk)


def test_an_answer_without_a_file_to_look_at_can_be_removed_only(desk: SimulatedDesk) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), WHOLE_SAID, dates="YMD")
    [sent] = [name for name in desk.standing(STATEMENTS) if name.endswith("regular.csv")]
    desk.fs.delete(desk.folder(STATEMENTS) / sent)
    assert "nothing is changed unseen" in desk.client.get(link(desk)).text


def test_who_changed_and_removed_an_answer_stands_in_the_journal(desk: SimulatedDesk) -> None:
    answered(desk, failed(desk, "regular.csv", WHOLE, ROW), WHOLE_SAID, dates="YMD")
    desk.client.post(f"{link(desk)}/remove")
    told = [(line.event, line.actor) for line in desk.ledger.journal() if line.event.startswith("mapping-")]
    assert told == [("mapping-saved", desk.client.page.actor), ("mapping-removed", desk.client.page.actor)]
