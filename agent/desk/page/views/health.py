"""*Health*: what the doctor finds. The checks run beside the page; the view shows what they found last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.desk.doctor.finding import TITLES, Finding, State
from agent.desk.page.examiner import Examined, Examiner
from agent.desk.page.page import Page
from agent.desk.page.words import Almanac, Said, counted, lane_name, listed


@dataclass(frozen=True)
class Trouble:
    """A check that needs someone."""

    id: str
    tone: str
    glyph: str
    where: str
    heading: str
    do: str
    for_it: str


@dataclass(frozen=True)
class Line:
    """Checks in order, or not made, that say the same of several lanes."""

    glyph: str
    title: str
    said: str


@dataclass(frozen=True)
class Health:
    """The whole view."""

    summary: Said
    troubles: tuple[Trouble, ...]
    fine: tuple[Line, ...]
    fine_count: str
    skipped: tuple[Line, ...]
    is_running: bool
    is_known: bool


def health_of(examined: Examined | None, almanac: Almanac, *, is_running: bool) -> Health:
    """Return the view of what was found."""
    if examined is None:
        said = "The checks run now; this takes some seconds." if is_running else "Nothing was checked yet."
        return Health((said,), (), (), "", (), is_running, is_known=False)
    findings = examined.findings
    needs = [finding for finding in findings if finding.state in (State.FAIL, State.WARN)]
    fine = [finding for finding in findings if finding.state is State.OK]
    troubles = tuple(_trouble(number, finding) for number, finding in enumerate(needs))
    return Health(
        summary=_summary(examined, len(needs), almanac, is_running=is_running),
        troubles=troubles,
        fine=tuple(_lines(fine, "ok")),
        fine_count=counted(len(fine), "check"),
        skipped=tuple(_lines((finding for finding in findings if finding.state is State.SKIPPED), "quiet")),
        is_running=is_running,
        is_known=True,
    )


def _summary(examined: Examined, needs: int, almanac: Almanac, *, is_running: bool) -> Said:
    at = almanac.since(examined.at)
    again = " They run again now." if is_running else ""
    if examined.broke_off:
        return ("The checks broke off at ", at, f". OutTray's log tells IT more.{again}")
    count = len(examined.findings)
    if not needs:
        return (f"Everything that was checked is in order. Checked {counted(count, 'thing')} at ", at, f".{again}")
    verb = "needs" if needs == 1 else "need"
    return (f"{needs} of {counted(count, 'check')} {verb} someone. Checked at ", at, f".{again}")


def _trouble(number: int, finding: Finding) -> Trouble:
    failed = finding.state is State.FAIL
    place = f"{TITLES[finding.check]} · {lane_name(finding.lane)}" if finding.lane else TITLES[finding.check]
    return Trouble(
        f"check-{number}",
        "stop" if failed else "fix",
        "blocked" if failed else "fix",
        place,
        finding.sentence,
        finding.what_to_do,
        finding.detail,
    )


def _lines(findings: Iterable[Finding], glyph: str) -> Iterable[Line]:
    lanes: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        lanes.setdefault((TITLES[finding.check], finding.sentence), []).append(finding.lane)
    every = {name for names in lanes.values() for name in names if name}
    for (title, said), names in lanes.items():
        of_all = len(every) > 1 and set(names) >= every
        of_lanes = [] if of_all else [lane_name(name) for name in names if name]
        yield Line(glyph, title, f"{said} ({listed(of_lanes)})" if of_lanes else said)


def routes(page: Page) -> list[Route]:
    """Return the view's addresses."""
    examiner = Examiner(page.desk)

    def health(request: Request) -> Response:
        if examiner.is_stale:
            examiner.start()
        almanac = Almanac(page.desk.clock.now())
        told = health_of(examiner.latest, almanac, is_running=examiner.is_running)
        return page.render(request, "health.html", health=told)

    def check(_request: Request) -> Response:
        examiner.start()
        return RedirectResponse("/health", status_code=303)

    return [Route("/health", health), Route("/health/check", check, methods=["POST"])]
