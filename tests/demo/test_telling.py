"""What the demo says, from a summary to lines."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from agent.demo import telling
from agent.demo.screen import Lines
from agent.demo.summary import Item, Summary
from agent.model import Fault, LaneKind, PacketState, Problem

NOW = datetime(2026, 7, 4, 12, 0).astimezone()
NUMBER = "CHC#0123456789abcdef01234567"
WORDS = Problem("sidecar-fields", "The claim ID is missing.", "Correct the sidecar.")

SENT = Item("p1", LaneKind.ATTACHMENTS, "crown.pdf", ("crown.pdf",), PacketState.SENT, control_number=NUMBER)
STATEMENTS = Item(
    "p2", LaneKind.STATEMENTS, "July.csv", ("July.csv",), PacketState.SENT, warnings=("1 phone left out",)
)
FAILED = Item("p3", LaneKind.ATTACHMENTS, "filling.png", ("filling.png",), PacketState.FAILED, problem=WORDS)
WAITING = Item("", LaneKind.ATTACHMENTS, "SCN_1.jpg", ("SCN_1.jpg",), PacketState.WAITING, problem=WORDS)
HELD = Item(
    "p4",
    LaneKind.STATEMENTS,
    "July.csv",
    ("July.csv",),
    PacketState.HELD,
    problem=Problem("name-used", "The name went already.", "Nothing needs doing."),
    until=NOW + timedelta(hours=24),
)
SENDING = Item("p5", LaneKind.ATTACHMENTS, "big.tif", ("big.tif",), PacketState.SENDING, sent_bytes=40, total_bytes=100)
ALL = Summary((SENT, STATEMENTS, FAILED, HELD, WAITING), 7.4, finished=True)


def conclusion(summary: Summary, width: int = 80) -> list[str]:
    return [line.text for line in telling.conclusion(summary, NOW, width)]


def failed(problem: Problem, width: int = 80) -> list[str]:
    item = Item("p", LaneKind.STATEMENTS, "a.csv", ("a.csv",), PacketState.FAILED, problem=problem)
    return [line.text.strip() for line in telling.reason(item, NOW, width)]


def test_the_headline_counts_each_state() -> None:
    assert conclusion(ALL)[0] == "OutTray demo: 2 sent, 1 failed, 1 held, 1 waiting, in 7 seconds"


def test_states_without_packets_are_not_mentioned() -> None:
    text = "\n".join(conclusion(Summary((SENT,), 3.0)))
    assert "OutTray demo: 1 sent, in 3 seconds" in text
    assert "Held" not in text
    assert "Failed" not in text


def test_a_sent_scan_has_its_control_number_and_a_sent_statement_file_its_warnings() -> None:
    lines = conclusion(ALL)
    assert f"  crown.pdf                   {NUMBER}" in lines
    at = lines.index("  July.csv                    - (statements have none)")
    assert lines[at + 1] == "    1 phone left out"


def test_what_is_held_says_when_it_goes_and_asks_for_nothing() -> None:
    lines = conclusion(ALL)
    assert "    It is kept safe and goes tomorrow at 12:00 PM." in lines
    assert not any("Nothing needs doing" in line for line in lines)


def test_what_failed_says_what_to_do() -> None:
    lines = conclusion(ALL)
    at = lines.index("  filling.png")
    assert lines[at + 1 : at + 3] == ["    The claim ID is missing.", "    What to do: Correct the sidecar."]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_window(width: int) -> None:
    long = Problem(
        "x", "word " * 60, "word " * 60, (Fault("row 3", "1", "word " * 40), Fault("row 4", "", "word " * 40))
    )
    assert max(map(len, failed(long, width))) <= width


def test_details_are_told_where_there_are_several_and_the_sentence_does_not_say_them() -> None:
    first, second = Fault("claimID2", "", '"claimID2" is unknown.'), Fault("claimId", "", "claimId is missing.")
    rows = Fault("row 3", "twelve", "This is not an amount.")
    assert failed(Problem("x", '"claimID2" is unknown. 1 more.', "Do.", (first, second)))[1] == "- claimId is missing."
    assert failed(Problem("x", "2 rows.", "Do.", (rows, first)))[1] == "- row 3, twelve: This is not an amount."
    assert failed(Problem("x", "One thing.", "Do.", (rows,))) == ["One thing.", "What to do: Do."]


def test_of_many_details_the_first_are_told_and_the_rest_counted() -> None:
    faults = tuple(Fault(f"row {number}", "", "It is empty.") for number in range(2, 12))
    told = failed(Problem("x", "10 rows.", "Do.", faults))
    assert told[1:5] == [
        "- row 2: It is empty.",
        "- row 3: It is empty.",
        "- row 4: It is empty.",
        "- and 7 more, in failed",
    ]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(1, "today at 1:00 PM"), (21, "tomorrow at 9:00 AM"), (72, "on July 7, 2026 at 12:00 PM")],
)
def test_times_are_said_as_people_say_them(hours: int, expected: str) -> None:
    assert telling.when((NOW + timedelta(hours=hours)).astimezone(UTC), NOW.astimezone(UTC)) == expected


def drawn(summary: Summary, *, height: int = 24, plain: bool = False) -> str:
    console = Console(file=io.StringIO(), width=80, height=height, force_terminal=False)
    with console.capture() as capture:
        console.print(telling.progress(summary, height=height, plain=plain))
    return capture.get()


def test_the_table_shows_states_by_shape_and_word_and_progress_as_a_bar() -> None:
    text = drawn(Summary((SENT, SENDING), 1.0))
    assert "✓ sent" in text
    assert "↑ sending" in text
    assert "━" in text
    assert max(map(len, text.splitlines())) <= 80


def test_once_everything_went_out_the_receipt_is_awaited() -> None:
    gone = Item("p", LaneKind.ATTACHMENTS, "a.pdf", ("a.pdf",), PacketState.SENDING, sent_bytes=100, total_bytes=100)
    assert "the receipt is awaited" in drawn(Summary((gone,), 1.0))


def test_a_console_with_few_characters_gets_plain_shapes() -> None:
    assert drawn(Summary((SENT,), 1.0), plain=True).isascii()


def test_the_table_fits_the_window_and_says_how_many_are_above() -> None:
    many = tuple(Item(f"p{n}", LaneKind.ATTACHMENTS, f"{n}.pdf", (), PacketState.SENT) for n in range(40))
    text = drawn(Summary(many, 1.0), height=24)
    assert len(text.splitlines()) < 24
    assert "and 21 more above" in text
    assert "39.pdf" in text


def lines_of(*, page: bool = False, invited: bool = False) -> str:
    out = io.StringIO()
    screen = Lines(Console(file=out, width=80, markup=False, highlight=False))
    screen.show(Summary((SENT, SENDING), 1.0))
    screen.show(Summary((SENT, SENDING), 1.1))
    screen.conclude(ALL, Path("demo"), page=page)
    if invited:
        screen.invite(Path("demo"))
        late = Item("p9", LaneKind.ATTACHMENTS, "mine.pdf", ("mine.pdf",), PacketState.FAILED, problem=WORDS)
        screen.show(Summary((*ALL.items, late), 9.0))
    return out.getvalue()


def test_without_a_terminal_each_packet_has_one_line_and_there_are_no_control_codes() -> None:
    text = lines_of()
    assert text.splitlines()[0] == f"sent     crown.pdf                   {NUMBER}"
    assert "sending" not in text
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_the_page_is_spoken_of_only_where_it_was_shown() -> None:
    assert "page" not in lines_of()
    assert "The activity page ends with the demo. To keep both: --stay" in lines_of(page=True)


def test_after_the_invitation_what_people_drop_is_told_in_full() -> None:
    told = lines_of(invited=True).partition("Ctrl+C ends it.")[2].split("\n")
    assert [line.strip() for line in told if line] == [
        "failed   mine.pdf",
        "The claim ID is missing.",
        "What to do: Correct the sidecar.",
    ]


def test_as_json_each_state_has_its_list(tmp_path: Path) -> None:
    answer = ALL.as_json(tmp_path)
    assert {state: len(answer[state]) for state in ("sent", "failed", "held", "waiting")} == {
        "sent": 2,
        "failed": 1,
        "held": 1,
        "waiting": 1,
    }
    assert answer["sent"][0]["attachment_control_number"] == NUMBER
    assert answer["failed"][0]["what_to_do"] == "Correct the sidecar."


def test_what_hampers_a_lane_is_told_once() -> None:
    out = io.StringIO()
    screen = Lines(Console(file=out, width=80, markup=False, highlight=False))
    gone = Summary((), 1.0, troubles=("Scans: The folder cannot be reached. Tell IT.",))
    for summary in (gone, gone, Summary((), 2.0), gone):
        screen.show(summary)
    assert out.getvalue() == "Scans: The folder cannot be reached. Tell IT.\n" * 2
