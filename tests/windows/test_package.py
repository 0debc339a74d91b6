"""The built package, looked into: its tables, its files, its bill of materials, its signature."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.settings.from_installer import PROPERTIES
from tests.support import wine
from tests.support.windows_package import NEXT, Packages, packages

pytestmark = [
    pytest.mark.skipif(bool(wine.missing("wixl", "msiinfo")), reason=wine.missing("wixl", "msiinfo")),
    pytest.mark.timeout(1200),
]

PART_OF_WINDOWS = {
    *("advapi32.dll", "bcrypt.dll", "bcryptprimitives.dll", "crypt32.dll", "gdi32.dll", "iphlpapi.dll"),
    *("kernel32.dll", "msvcrt.dll", "ntdll.dll", "ole32.dll", "oleaut32.dll", "psapi.dll", "rpcrt4.dll"),
    *("shell32.dll", "user32.dll", "version.dll", "ws2_32.dll"),
}
"""Of Windows 10 and later; with them everything that begins with api-ms-win-."""


@pytest.fixture(scope="module")
def package() -> Packages:
    return packages()


def rows(msi: Path, table: str) -> list[dict[str, str]]:
    from installer.msi.tables import read_table

    return read_table(msi, table).dicts()


def column(msi: Path, table: str, key: str, value: str) -> dict[str, str]:
    return {row[key]: row[value] for row in rows(msi, table)}


# --- The tables: Wine forgives what Windows does not ------------------------------------------------------------------


def test_is_one_product_in_two_versions(package: Packages) -> None:
    here, following = (column(msi, "Property", "Property", "Value") for msi in (package.msi, package.following))
    assert here["UpgradeCode"] == following["UpgradeCode"]
    assert here["ProductCode"] != following["ProductCode"]
    assert following["ProductVersion"] == NEXT
    assert here["ALLUSERS"] == "1", "for the machine"


def test_is_for_64_bits(package: Packages) -> None:
    summary = subprocess.run(["msiinfo", "suminfo", package.msi], capture_output=True, text=True, check=True).stdout
    assert "Template: x64;1033" in summary
    assert all(int(row["Attributes"]) & 0x100 for row in rows(package.msi, "Component"))


def test_an_upgrade_removes_the_old_first_and_a_downgrade_is_refused(package: Packages) -> None:
    upgrades = column(package.msi, "Upgrade", "ActionProperty", "Attributes")
    assert not int(upgrades["WIX_UPGRADE_DETECTED"]) & 2, "the older one is removed"
    assert int(upgrades["WIX_DOWNGRADE_DETECTED"]) & 2, "the newer one is only detected"
    assert "NOT WIX_DOWNGRADE_DETECTED" in column(package.msi, "LaunchCondition", "Condition", "Description")


def test_everything_has_its_turn(package: Packages) -> None:
    turn = {
        name: int(number)
        for name, number in column(package.msi, "InstallExecuteSequence", "Action", "Sequence").items()
    }
    order = ["AppSearch", "RecallSETTINGS", "UsualAUTOSTART", "LaunchConditions", "CostFinalize", "StopAgent"]
    order += ["InstallValidate", "InstallInitialize", "RemoveExistingProducts", "TakeDownMachine", "RemoveFiles"]
    order += ["InstallFiles", "WriteRegistryValues", "WriteEnvironmentStrings", "SetUpMachine", "InstallFinalize"]
    assert sorted(order, key=turn.__getitem__) == order
    assert len(set(turn.values())) == len(turn)


def test_setting_up_has_every_right_and_may_fail_and_stopping_may_not(package: Packages) -> None:
    kinds = {name: int(kind) for name, kind in column(package.msi, "CustomAction", "Action", "Type").items()}
    deferred, no_impersonation, go_on = 0x400, 0x800, 0x40
    assert kinds["SetUpMachine"] == 18 + deferred + no_impersonation
    assert kinds["TakeDownMachine"] == 18 + deferred + no_impersonation + go_on
    assert kinds["StopAgent"] == 50 + go_on


def test_every_property_is_remembered_and_what_is_given_goes_before_it(package: Packages) -> None:
    secure = column(package.msi, "Property", "Property", "Value")["SecureCustomProperties"].split(";")
    kept = {row["Name"]: row["Value"] for row in rows(package.msi, "Registry") if row["Key"].endswith("Setup")}
    searched = column(package.msi, "RegLocator", "Signature_", "Name")
    conditions = column(package.msi, "InstallExecuteSequence", "Action", "Condition")
    for one in PROPERTIES:
        assert one.name in secure
        assert kept[one.name] == f"[{one.name}]"
        assert searched[f"Find{one.name}"] == one.name
        assert conditions[f"Recall{one.name}"] == f"NOT {one.name} AND REMEMBERED_{one.name}"


def test_starts_at_logon_unless_that_is_off(package: Packages) -> None:
    (run,) = (row for row in rows(package.msi, "Registry") if row["Key"].endswith(r"CurrentVersion\Run"))
    assert run["Root"] == "2", "for everyone on this PC"
    assert run["Value"] == '"[INSTALLDIR]outtray.exe" run', "in quotes: there is a space in the path"
    conditions = column(package.msi, "Component", "Component", "Condition")
    assert conditions["Autostart"] == 'AUTOSTART <> "0" AND SERVICE <> "1"'


def test_the_command_is_on_the_search_path_and_the_shortcut_in_the_start_menu(package: Packages) -> None:
    assert rows(package.msi, "Environment")[0]["Value"] == "[~];[INSTALLDIR]"
    (shortcut,) = rows(package.msi, "Shortcut")
    assert (shortcut["Directory_"], shortcut["Target"]) == ("ProgramMenuFolder", "[INSTALLDIR]outtray.exe")


def test_programs_have_versions_and_other_files_hashes(package: Packages) -> None:
    files = {row["File"]: row for row in rows(package.msi, "File")}
    hashed = {row["File_"] for row in rows(package.msi, "MsiFileHash")}
    versions = {row["FileName"].partition("|")[2] or row["FileName"]: row["Version"] for row in files.values()}
    assert versions["outtray.exe"] == "0.1.0.0"
    assert versions["python313.dll"].startswith("3.13.")
    assert all(bool(row["Version"]) != (key in hashed) for key, row in files.items())


def test_short_names_are_short_and_no_two_alike_in_a_folder(package: Packages) -> None:
    folder_of = column(package.msi, "Component", "Component", "Directory_")
    seen = set()
    for row in rows(package.msi, "File"):
        short = row["FileName"].partition("|")[0].upper()
        assert re.fullmatch(r"[A-Z0-9_-]{1,8}(\.[A-Z0-9_-]{1,3})?", short)
        place = (folder_of[row["Component_"]], short)
        assert place not in seen
        seen.add(place)


def test_components_keep_their_ids_from_version_to_version(package: Packages) -> None:
    here, following = (column(msi, "Component", "Component", "ComponentId") for msi in (package.msi, package.following))
    assert here == following
    assert len(set(here.values())) == len(here)


# --- The files --------------------------------------------------------------------------------------------------------


def test_every_library_that_a_program_asks_for_is_there_or_windows_own(package: Packages) -> None:
    """Wine brings some that a fresh Windows lacks."""
    from installer.pe import SUFFIXES, wanted_libraries

    programs = [path for path in package.payload.rglob("*") if path.suffix.lower() in SUFFIXES]
    shipped = {path.name.lower() for path in programs}
    wanted = {name for path in programs for name in wanted_libraries(path)}
    assert {name for name in wanted - shipped - PART_OF_WINDOWS if not name.startswith("api-ms-win-")} == set()


def test_what_is_pruned_is_not_missed(package: Packages, tmp_path: Path) -> None:
    """Every module of ours is imported by the shipped runtime itself, with what it needs at once."""
    with wine.Prefix.made(tmp_path / "windows") as prefix:
        ended = prefix.run(package.payload / "outtray.com", "demo", "--no-page", seconds=600)
        assert ended.code == 0, ended.stdout
        assert prefix.run(package.payload / "outtray.com", "profile", "list").code == 0


def test_the_bill_of_materials_is_valid_and_names_everything(package: Packages) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    from installer.dependencies import LOCK

    text = (package.payload / "outtray.cdx.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = {one["name"]: one["version"] for one in json.loads(text)["components"]}
    locked = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", LOCK.read_text(), re.MULTILINE))
    assert {name.lower().replace("_", "-") for name in bill} >= {name.replace("_", "-") for name in locked}
    for library in ("Python", "Python standard library", "OpenSSL", "SQLite", "expat", "zlib", "bzip2"):
        assert re.fullmatch(r"\d+\.\d+\.\d{1,2}", bill[library]), "a version as its makers write it"


def test_the_bill_of_materials_names_what_wheels_were_linked_with(package: Packages) -> None:
    bill = json.loads((package.payload / "outtray.cdx.json").read_text(encoding="utf-8"))
    inside = {one["name"]: {part["name"] for part in one.get("components", ())} for one in bill["components"]}
    assert "openssl" in inside["cryptography"]
    assert {"libtiff", "libwebp", "FreeType"} <= inside["pillow"]
    assert "calamine" in inside["python-calamine"]
    assert {"qpdf", "libjpeg-turbo"} <= inside["pikepdf"]


@pytest.mark.skipif(bool(wine.missing("apt-get", "dpkg-deb")), reason="Debian's lists come by apt")
def test_the_bill_is_held_against_the_lists_of_known_vulnerabilities(
    package: Packages, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The lists go on while this stays: so what is found is told, and only what is signed is refused for it."""
    from installer.vulnerabilities import check

    left = check(package.payload / "outtray.cdx.json")
    said = capsys.readouterr().out
    for line in said.splitlines():
        if "advisories on" in line or "judged" in line:
            record_property("measured", line)
    known = {(one.part.name, one.advisory.identifier) for one in left}
    assert ("OpenSSL", "CVE-2025-15467") in known, "3.0.18 of the assembled runtime has it, and the lists know of it"
    assert "up to 20" in said
    assert not {one for one in left if one.certain and one.part.name != "OpenSSL"}, "a package: write the lock anew"


def test_every_package_comes_with_its_licence(package: Packages) -> None:
    folders = [path.name for path in (package.payload / "licences").iterdir()]
    packages = list((package.payload / "Lib" / "site-packages").glob("*.dist-info"))
    assert len(folders) >= len(packages), "and Python's own; OutTray's is not among them"
    assert {"Python", "OpenSSL", "SQLite"} <= set(folders)


def test_is_the_same_when_it_is_built_again(package: Packages, tmp_path: Path) -> None:
    from installer.build import build

    with wine.wine_for_a_build(tmp_path / "scratch"):
        again = build(tmp_path, runtime=wine.runtime_source())
    if again.msi.read_bytes() != package.msi.read_bytes():
        changed = _differences(again.msi, package.msi, tmp_path)
        assert changed == []


def _differences(one: Path, other: Path, folder: Path) -> list[str]:
    trees = []
    for number, msi in enumerate((one, other)):
        place = folder / str(number)
        subprocess.run(["msiextract", "-C", place, msi], check=True, capture_output=True)
        trees.append({p.relative_to(place): p.read_bytes() for p in place.rglob("*") if p.is_file()})
    first, second = trees
    named = [str(path) for path in first.keys() | second.keys() if first.get(path) != second.get(path)]
    return sorted(named) or ["the database itself"]


def test_the_winget_manifests_name_this_msi(package: Packages) -> None:
    texts = {path.name: path.read_text() for path in (package.msi.parent / "winget").glob("*.yaml")}
    assert len(texts) == 3
    keys = [dict(re.findall(r"^[ -]*(\w+): (.+)$", text, re.MULTILINE)) for text in texts.values()]
    properties = column(package.msi, "Property", "Property", "Value")
    assert {one["PackageVersion"] for one in keys} == {properties["ProductVersion"]}
    assert {one["ManifestType"] for one in keys} == {"version", "installer", "defaultLocale"}
    (installer,) = (one for one in keys if one["ManifestType"] == "installer")
    assert installer["ProductCode"].strip("'") == properties["ProductCode"]
    assert installer["InstallerSha256"] == hashlib.sha256(package.msi.read_bytes()).hexdigest().upper()


# --- The signature ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A certificate for signing programs, made here and trusted nowhere."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import pkcs12
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    folder = tmp_path_factory.mktemp("certificate")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "OutTray test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    )
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
    made = builder.add_extension(usage, critical=False).sign(key, hashes.SHA256())
    secret = serialization.BestAvailableEncryption(b"test")
    (folder / "key.p12").write_bytes(pkcs12.serialize_key_and_certificates(b"test", key, made, None, secret))
    (folder / "password").write_text("test")
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return {
        "OUTTRAY_SIGN_PKCS12": str(folder / "key.p12"),
        "OUTTRAY_SIGN_PASSWORD": str(folder / "password"),
        "authority": str(folder / "ca.pem"),
    }


@pytest.mark.parametrize("what", ["msi", "program", "command"])
def test_is_signed_and_a_flipped_byte_is_found(
    what: str, package: Packages, certificate: dict[str, str], tmp_path: Path
) -> None:
    from installer import signing
    from installer.tools import BuildFailed

    source = {
        "msi": package.msi,
        "program": package.payload / "outtray.exe",
        "command": package.payload / "outtray.com",
    }
    file = tmp_path / source[what].name
    file.write_bytes(source[what].read_bytes())
    authority = Path(certificate["authority"])
    with pytest.raises(BuildFailed):
        signing.verify(file, authority)
    signing.sign(file, certificate)
    signing.verify(file, authority)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(BuildFailed):
        signing.verify(file, authority)


def test_nothing_is_signed_without_a_certificate() -> None:
    from installer import signing

    assert not signing.is_asked_for({})
