"""What intake says when scans, or a scan's sidecar, need someone."""

from __future__ import annotations

from agent.model import Words

SIDECAR_UNREADABLE = Words(
    "sidecar-unreadable",
    "The sidecar {name} cannot be read: {reason}",
    "Mend the sidecar in a text editor, save it as UTF-8, and drag it back into the folder with its files.",
)
SIDECAR_FIELDS = Words(
    "sidecar-fields",
    "{first}{more}",
    "Correct the sidecar {sidecar} and drag it back into the folder with its files.",
)
FILES_UNSUITABLE = Words(
    "files-unsuitable",
    "{first}{more}",
    "Do that, then drag the files back into the folder together with the sidecar {sidecar}.",
)
SEVERAL_FAULTS = Words(
    "several-faults",
    "{first}{more}",
    "Put all of them right, then drag the files and the sidecar {sidecar} back into the folder.",
)
NO_SIDECAR = Words(
    "no-sidecar",
    "This scan came without a sidecar, so nothing says which claim it belongs to.",
    "Save the sidecar as {expected} and drag both files back into the folder.",
)
SIDECAR_BARRED = Words(
    "sidecar-barred",
    "The sidecar {name} cannot be opened: the rights to read it are missing.",
    "Ask IT to let OutTray read the files in this folder.",
)
TWO_SIDECARS = Words(
    "two-sidecars",
    "{sidecars} both speak for {files}. Nothing was sent, because only one of them can be right.",
    "Keep the sidecar that is right, and drag it back into the folder with its files. Leave the other one out.",
)
NAMES_ALIKE = Words(
    "names-alike",
    "{files} differ only by upper and lower case or accents, so the sidecar {sidecar} could mean any of them.",
    "Give the files names that differ, and drag them back into the folder with their sidecar.",
)
SIDECAR_AMBIGUOUS = Words(
    "sidecar-ambiguous",
    "The sidecar {sidecar} could belong to {exact} or to {others}.",
    'Add "files": ["..."] to the sidecar, with the names that it speaks for, and drag all of them back.',
)
FOLDER_SEVERAL_SIDECARS = Words(
    "folder-several-sidecars",
    "The folder {folder} holds {count} sidecars: {sidecars}. A folder is one packet, with one sidecar.",
    "Make one folder for each sidecar and its files, and drag the folders back.",
)
FOLDER_INSIDE_FOLDER = Words(
    "folder-inside-folder",
    "The folder {folder} has a folder inside it: {inner}. A packet's files stand side by side.",
    "Move the files up into one folder, and drag that folder back.",
)
FOLDER_UNLISTED_FILES = Words(
    "folder-unlisted-files",
    'The folder {folder} holds files that its sidecar does not list under "files": {unlisted}.',
    'Add them to "files" in the sidecar {sidecar}, or take them out of the folder, and drag the folder back.',
)
ENDS_THE_AGENT = Words(
    "ends-outtray",
    "OutTray has ended twice while it looked at {name}, so it was put aside unread.",
    "Save it anew in the program that made it, or print a scan to a new PDF, and put that into the folder. "
    "Should OutTray end over it once more, tell IT.",
)
