"""The check for known vulnerabilities: what is read of the lists, and what counts as being in the package."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from installer import build, vulnerabilities
from installer.advisories import Advisory, in_changelog, in_list, in_openssl_changes, in_osv
from installer.tools import BuildFailed
from installer.vulnerabilities import Part, findings, judged, parts_of, unjudged

CHANGELOG = """\
expat (2.5.0-1+deb12u2) bookworm-security; urgency=high

  * Backport patches.
    - CVE-2026-0002: Fix a read behind the end.
    - GHSA-aaaa-bbbb-cccc: Fix another.

 -- A Person <person@example.com>  Thu, 22 Oct 2026 00:34:41 +0200

expat (2.5.0-1) unstable; urgency=medium

  * New upstream release (CVE-2022-0001).

 -- A Person <person@example.com>  Wed, 26 Oct 2022 00:34:41 +0200
"""
OPENSSL = """\
### Changes between 3.0.18 and 3.0.19 [27 Jan 2026]

 * Something was mended.
   ([CVE-2025-0003])

### Changes between 3.0.17 and 3.0.18 [30 Sep 2025]

 * Another thing was mended ([CVE-2025-0002]).

### Changes between 1.1.1 and 3.0.0 [7 Sep 2021]

 * Long ago (CVE-2020-0001).
"""
OSV = {
    "id": "GHSA-1111-2222-3333",
    "aliases": ["CVE-2026-0009"],
    "modified": "2026-11-20T10:00:00Z",
    "summary": "Something",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "Py_Thing"},
            "ranges": [
                {"type": "GIT", "events": [{"introduced": "0"}]},
                {
                    "type": "ECOSYSTEM",
                    "events": [{"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "2.0"}, {"last_affected": "2.3"}],
                },
            ],
        },
        {"package": {"ecosystem": "npm", "name": "py-thing"}, "ranges": []},
    ],
}


def names(parts: list[Part], advisories: list[Advisory]) -> list[str]:
    return [one.advisory.identifier for one in findings(parts, advisories)]


def test_a_changelog_tells_what_was_mended_and_when() -> None:
    told = {one.identifier: one.day for one in in_changelog("expat", CHANGELOG)}
    assert told == {
        "CVE-2026-0002": date(2026, 10, 22),
        "GHSA-aaaa-bbbb-cccc": date(2026, 10, 22),
        "CVE-2022-0001": date(2022, 10, 26),
    }


@pytest.mark.parametrize(
    ("day", "known"),
    [
        (date(2026, 10, 21), ["CVE-2026-0002", "GHSA-aaaa-bbbb-cccc"]),
        (date(2026, 10, 22), []),
        (date(2020, 1, 1), ["CVE-2022-0001", "CVE-2026-0002", "GHSA-aaaa-bbbb-cccc"]),
        (None, []),
    ],
)
def test_what_was_mended_elsewhere_after_a_library_is_of_is_perhaps_in_it(day: date | None, known: list[str]) -> None:
    found = findings([Part("expat", "2.7.3", day)], in_changelog("expat", CHANGELOG))
    assert [one.advisory.identifier for one in found] == known
    assert not any(one.certain for one in found)


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("3.0.17", ["CVE-2025-0002", "CVE-2025-0003"]),
        ("3.0.18", ["CVE-2025-0003"]),
        ("3.0.19", []),
        ("3.5.1", []),
    ],
)
def test_of_openssl_the_version_says_it(version: str, known: list[str]) -> None:
    assert names([Part("OpenSSL", version)], list(in_openssl_changes(OPENSSL))) == known


@pytest.mark.parametrize(
    ("version", "is_in"),
    [("1.1.9", True), ("1.2", False), ("1.9", False), ("2.0", True), ("2.3", True), ("2.3.1", False)],
)
def test_records_of_osv_are_read_by_their_ranges(version: str, is_in: bool) -> None:
    assert names([Part("py-thing", version)], list(in_osv([OSV]))) == ["CVE-2026-0009"] * is_in


def test_a_record_that_was_withdrawn_says_nothing() -> None:
    assert list(in_osv([OSV | {"withdrawn": "2026-11-21T10:00:00Z"}])) == []


def test_an_open_range_holds_every_later_version() -> None:
    record = json.loads(json.dumps(OSV))
    record["affected"][0]["ranges"][1]["events"] = [{"introduced": "3.0"}]
    assert names([Part("py-thing", "9.9")], list(in_osv([record]))) == ["CVE-2026-0009"]
    assert names([Part("py-thing", "2.9")], list(in_osv([record]))) == []


def test_the_packaged_list_is_read_by_its_ranges() -> None:
    rows = [
        {"id": "GHSA-4444-5555-6666", "cve": "CVE-2026-0010", "v": ">=0.3.5,<0.3.7", "advisory": "x"},
        {"id": "GHSA-7777-8888-9999", "cve": "N/A", "v": "<0.3.7", "advisory": "y"},
    ]
    told = list(in_list({"Some.Thing": rows}, date(2026, 7, 7)))
    assert names([Part("some_thing", "0.3.6")], told) == ["CVE-2026-0010", "GHSA-7777-8888-9999"]
    assert names([Part("some-thing", "0.3.4")], told) == ["GHSA-7777-8888-9999"]
    assert names([Part("some-thing", "0.3.7")], told) == []


def test_versions_that_cannot_be_read_are_taken_for_all() -> None:
    row = {"id": "GHSA-4444-5555-6666", "cve": "N/A", "v": "<0.7.11p3"}
    assert names([Part("thing", "99")], list(in_list({"thing": [row]}, date(2026, 7, 7)))) == ["GHSA-4444-5555-6666"]


def test_what_is_judged_is_left_out_by_its_name_alone() -> None:
    two = [Advisory(name, "expat", date(2026, 1, 1), SpecifierSet("<9")) for name in ("CVE-2026-1111", "CVE-2026-2222")]
    left = unjudged(findings([Part("expat", "2.7.3")], two), {"CVE-2026-1111": "not shipped"})
    assert [one.advisory.identifier for one in left] == ["CVE-2026-2222"]


def test_every_judgement_has_its_reason() -> None:
    assert all(len(why) > 20 for why in judged().values())
    with pytest.raises(BuildFailed, match="CVE-2026-1111"):
        judged('[not_reached]\nCVE-2026-1111 = " "\n')


def test_the_bill_says_the_day_of_a_library() -> None:
    component = {"name": "expat", "version": "2.7.3", "properties": [{"name": "outtray:date", "value": "2025-12-05"}]}
    bill = {"components": [component, {"name": "httpx", "version": "1.0"}]}
    assert parts_of(bill) == [Part("expat", "2.7.3", date(2025, 12, 5)), Part("httpx", "1.0")]


@pytest.mark.parametrize(("version", "code"), [("3.0.18", 3), ("3.0.19", 0)])
def test_the_command_says_what_it_found_and_how_old_its_lists_are(
    version: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bill = tmp_path / "outtray.cdx.json"
    bill.write_text(json.dumps({"components": [{"name": "OpenSSL", "version": version}]}))
    monkeypatch.setattr(vulnerabilities, "all_advisories", lambda _osv: list(in_openssl_changes(OPENSSL)))
    assert vulnerabilities.main([str(bill)]) == code
    said = capsys.readouterr().out
    assert ("OpenSSL 3.0.18: CVE-2025-0003" in said) is bool(code)
    assert "up to 2026-01-27" in said


def test_what_is_signed_has_nothing_known_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bill = tmp_path / "outtray.cdx.json"
    monkeypatch.setattr(vulnerabilities, "all_advisories", lambda _osv: list(in_openssl_changes(OPENSSL)))
    bill.write_text(json.dumps({"components": [{"name": "OpenSSL", "version": "3.0.19"}]}))
    build.refuse_known_vulnerabilities(bill, None)
    bill.write_text(json.dumps({"components": [{"name": "OpenSSL", "version": "3.0.17"}]}))
    with pytest.raises(BuildFailed, match="2 known vulnerabilities"):
        build.refuse_known_vulnerabilities(bill, None)
