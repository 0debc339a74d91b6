"""One-time links and sessions: what opens, once and for how long, and what locks."""

from __future__ import annotations

import pytest

from agent.desk.page.session import LINK_SECONDS, MOST_LINKS, MOST_SESSIONS, Sessions, Standing
from tests.support.folders import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def sessions(clock: HandClock) -> Sessions:
    return Sessions(clock, lock_minutes=15)


def opened(sessions: Sessions) -> str:
    found = sessions.open(sessions.link())
    assert found is not None
    return found[0]


def test_a_link_opens_a_session_and_leads_to_its_path(sessions: Sessions) -> None:
    found = sessions.open(sessions.link("/history?find=CLM-1"))
    assert found is not None
    session, path = found
    assert path == "/history?find=CLM-1"
    assert sessions.standing(session) is Standing.OPEN


def test_a_link_opens_once(sessions: Sessions) -> None:
    token = sessions.link()
    assert sessions.open(token) is not None
    assert sessions.open(token) is None


def test_a_link_is_worth_nothing_after_a_minute(sessions: Sessions, clock: HandClock) -> None:
    token = sessions.link()
    clock.pass_(LINK_SECONDS + 1)
    assert sessions.open(token) is None


def test_nobody_guesses_a_link(sessions: Sessions) -> None:
    assert len({sessions.link() for _ in range(20)}) == 20
    assert len(sessions.link()) >= 43  # 256 bits
    assert sessions.open("") is None


@pytest.mark.parametrize("path", ["//example.com", "https://example.com", "\\\\example.com", "history", "/a\nb"])
def test_a_link_leads_nowhere_else(sessions: Sessions, path: str) -> None:
    found = sessions.open(sessions.link(path))
    assert found is not None
    assert found[1] == "/"


def test_links_and_sessions_are_bounded(sessions: Sessions) -> None:
    first = sessions.link()
    for _ in range(MOST_LINKS):
        sessions.link()
    assert sessions.open(first) is None
    oldest = opened(sessions)
    for _ in range(MOST_SESSIONS):
        opened(sessions)
    assert sessions.standing(oldest) is Standing.LOCKED


def test_a_session_that_nobody_uses_locks_itself(sessions: Sessions, clock: HandClock) -> None:
    session = opened(sessions)
    clock.pass_(14 * 60)
    assert sessions.standing(session) is Standing.OPEN
    clock.pass_(60)
    assert sessions.standing(session, used=True) is Standing.LOCKED
    assert sessions.seconds_left(session) == 0


def test_use_keeps_it_open_and_the_pages_own_requests_do_not(sessions: Sessions, clock: HandClock) -> None:
    used, idle = opened(sessions), opened(sessions)
    for _ in range(4):
        clock.pass_(4 * 60)
        sessions.standing(used, used=True)
        sessions.standing(idle)
    assert sessions.standing(used) is Standing.OPEN
    assert sessions.standing(idle) is Standing.LOCKED


def test_a_cookie_of_somebody_elses_is_unknown(sessions: Sessions) -> None:
    opened(sessions)
    assert sessions.standing("made-up") is Standing.UNKNOWN
    assert sessions.standing("") is Standing.UNKNOWN
