"""What wixl leaves out, put into the tables: versions, short names, conditions, the search path, secure properties."""

from __future__ import annotations

from pathlib import Path

from installer.msi.files import file_key
from installer.msi.identity import with_short_name
from installer.msi.properties import secure_properties
from installer.msi.tables import Table, read_table, write_table
from installer.pe import SUFFIXES, file_version

_ENVIRONMENT = Table(
    "Environment",
    ["Environment", "Name", "Value", "Component_"],
    "s72\tl255\tL255\ts72",
    "Environment\tEnvironment",
    # "=" sets, "-" takes away at removal, "*" is for the machine; [~] stands for what is there already.
    [["SearchPath", "=-*Path", "[~];[INSTALLDIR]", "Registered"]],
)
_SEQUENCE = (("WriteEnvironmentStrings", "5200"), ("RemoveEnvironmentStrings", "3300"))
_CONDITIONS = {"Autostart": 'AUTOSTART <> "0" AND SERVICE <> "1"'}
_DEFERRED, _NO_IMPERSONATION = 0x400, 0x800  # msidefs.h, msidbCustomActionTypeInScript and -NoImpersonate


def finish(msi: Path, folder: Path) -> None:
    """Finish an MSI that wixl has made of the files in `folder`."""
    _name_and_version_files(msi, folder)
    _name_folders(msi)
    components = read_table(msi, "Component")
    for row in components.rows:
        row[components.column("Condition")] = _CONDITIONS.get(row[0], row[components.column("Condition")])
    write_table(msi, components)
    actions = read_table(msi, "CustomAction")
    for row in actions.rows:
        row[actions.column("Type")] = str(_plain_where_immediate(int(row[actions.column("Type")])))
    write_table(msi, actions)
    properties = read_table(msi, "Property")
    properties.rows = [row for row in properties.rows if row[0] != "SecureCustomProperties"]
    properties.rows.append(["SecureCustomProperties", secure_properties()])
    write_table(msi, properties)
    write_table(msi, _ENVIRONMENT)
    sequence = read_table(msi, "InstallExecuteSequence")
    sequence.rows += [[action, "", number] for action, number in _SEQUENCE]
    write_table(msi, sequence)


def _plain_where_immediate(kind: int) -> int:
    """Return a custom action's type without the flag for "not as the user" where it is not deferred: wixl sets both."""
    return kind if kind & _DEFERRED else kind & ~_NO_IMPERSONATION


def _name_and_version_files(msi: Path, folder: Path) -> None:
    """Without a version Windows takes a library for older than any that has one, and keeps that."""
    paths = {file_key(path.relative_to(folder).as_posix()): path for path in folder.rglob("*") if path.is_file()}
    files = read_table(msi, "File")
    versioned = set()
    for row in files.rows:
        path = paths[row[0]]
        inside = path.relative_to(folder).as_posix()
        row[files.column("FileName")] = with_short_name(path.name, inside)
        if path.suffix in SUFFIXES and (version := file_version(path)):
            row[files.column("Version")], row[files.column("Language")] = version, "0"
            versioned.add(row[0])
    write_table(msi, files)
    hashes = read_table(msi, "MsiFileHash")  # for files without a version only
    hashes.rows = [row for row in hashes.rows if row[0] not in versioned]
    write_table(msi, hashes)


def _name_folders(msi: Path) -> None:
    folders = read_table(msi, "Directory")
    for row in folders.rows:
        name = row[folders.column("DefaultDir")]
        if row[0].startswith("d") and name not in {".", "SourceDir"}:
            row[folders.column("DefaultDir")] = with_short_name(name, row[0])
    write_table(msi, folders)
