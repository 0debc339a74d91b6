"""What a person can do about each problem on the page: its buttons, and the words that hold only here.

A problem's own `what_to_do` is written for someone who stands before the folder ("drag it back"). On the page a button
does that, so the guide says it anew where it differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """What a button does, by what it says."""

    RETRY = "Retry"
    SHOW = "Show the file"
    OPEN = "Open folder"
    COMPLETE = "Complete the metadata here"
    CORRECT = "Correct the metadata"
    WHOSE = "Say whose it is"
    MAPPING = "Fix the mapping"
    COPY = "Copy the text for IT"
    LOOK = "Look again now"
    TAKE_OVER = "Take over"
    PRINT = "Print this list"
    DISMISS = "Done with it"


@dataclass(frozen=True)
class Guide:
    """`verbs`: the buttons, the main one first. `do`, `means`: instead of the problem's and the usual words.

    `has_table`: the problem's details are for people; otherwise they are folded, for IT. `has_main`: the first button
    is what to do, and not only a help.
    """

    verbs: tuple[Verb, ...]
    do: str = ""
    means: str = ""
    has_table: bool = False
    has_main: bool = True


_MAPPING = (Verb.MAPPING, Verb.RETRY, Verb.SHOW)
_NEVER_GUESSES = "OutTray does not know whose it is, and it never guesses."
_ASKS_ONCE = "Nothing was sent. OutTray asks once and remembers the answer for this store."
_CORRECT_HERE = "Correct it here; the files then go again."

NO_SIDECAR = Guide(
    (Verb.COMPLETE, Verb.SHOW, Verb.OPEN),
    "Complete the metadata here; the scan then goes at once.",
    _NEVER_GUESSES,
)
"""For a scan that waits, and for one that has waited too long."""

PACKETS = {
    "no-sidecar": NO_SIDECAR,
    "incomplete": Guide(
        (Verb.SHOW, Verb.RETRY),
        "Scan or export it again, and drop the new file. If it was still being written, press Retry.",
    ),
    "files-missing": Guide(
        (Verb.RETRY, Verb.CORRECT, Verb.OPEN),
        "Drop the files that it names into the folder, then press Retry.",
        "Nothing was sent: a sidecar and its files go together.",
    ),
    "gave-up": Guide((Verb.RETRY, Verb.SHOW), "Press Retry. If it fails again, tell IT."),
    "gave-up-unsure": Guide(
        (Verb.COPY, Verb.RETRY, Verb.SHOW),
        "Ask the service whether it has arrived, before it goes again. If it has not, press Retry.",
        "It may have arrived, or it may not.",
    ),
    "duplicate": Guide((Verb.DISMISS, Verb.SHOW), means="It was not sent a second time.", has_main=False),
    "name-used": Guide((Verb.SHOW, Verb.RETRY, Verb.DISMISS), has_main=False),
    "name-taken": Guide((Verb.SHOW, Verb.RETRY, Verb.DISMISS), has_main=False),
    "store-taken": Guide((Verb.SHOW, Verb.RETRY, Verb.DISMISS), has_main=False),
    "unreadable": Guide(
        (Verb.SHOW, Verb.RETRY),
        "Open the file to see that it is as it should be, save it anew, then press Retry. If that does not help, "
        "tell IT.",
    ),
    "vanished": Guide((Verb.OPEN,)),
    "withdrawn": Guide(
        (Verb.RETRY, Verb.SHOW, Verb.DISMISS), "If it still has to go, press Retry.", "It was not sent."
    ),
    "sidecar-unreadable": Guide((Verb.CORRECT, Verb.SHOW, Verb.RETRY), _CORRECT_HERE),
    "sidecar-fields": Guide((Verb.CORRECT, Verb.RETRY, Verb.SHOW), _CORRECT_HERE, has_table=True),
    "several-faults": Guide(
        (Verb.CORRECT, Verb.SHOW, Verb.RETRY),
        "Put all of them right, the metadata here and the files where they stand, then press Retry.",
        has_table=True,
    ),
    "files-unsuitable": Guide((Verb.SHOW, Verb.CORRECT, Verb.RETRY), "Do that, then press Retry.", has_table=True),
    "sidecar-barred": Guide((Verb.COPY, Verb.RETRY)),
    "two-sidecars": Guide(
        (Verb.WHOSE, Verb.SHOW),
        "Look at the scan, then say whose it is.",
        "Neither was sent, so that no scan goes under the wrong name.",
    ),
    "names-alike": Guide((Verb.SHOW, Verb.RETRY), "Give the files names that differ, then press Retry."),
    "sidecar-ambiguous": Guide(
        (Verb.CORRECT, Verb.SHOW, Verb.RETRY), "Say here which files the sidecar speaks for.", _NEVER_GUESSES
    ),
    "folder-several-sidecars": Guide(
        (Verb.WHOSE, Verb.SHOW), "Look at the scans, then say whose they are.", "None of them was sent."
    ),
    "folder-inside-folder": Guide((Verb.SHOW, Verb.OPEN)),
    "folder-unlisted-files": Guide((Verb.CORRECT, Verb.SHOW, Verb.RETRY)),
    "refused": Guide((Verb.CORRECT, Verb.RETRY, Verb.SHOW), "Correct what is named; the files then go again."),
    "too-large": Guide((Verb.SHOW, Verb.DISMISS)),
    "statement-rows": Guide(
        (Verb.SHOW, Verb.RETRY, Verb.PRINT), "Correct these rows and save the file, then press Retry.", has_table=True
    ),
    "statements-not-accepted": Guide(
        (Verb.PRINT, Verb.DISMISS, Verb.COPY), means="The file itself was delivered.", has_table=True, has_main=False
    ),
    "no-header": Guide(_MAPPING, "Say what the columns are.", _ASKS_ONCE),
    "column-missing": Guide(_MAPPING, "Say which column it is, or add it to the file and press Retry.", _ASKS_ONCE),
    "two-profiles": Guide(_MAPPING, "Say what the columns are.", _ASKS_ONCE),
    "wrong-profile": Guide(_MAPPING, "Say what the columns are, or export the file again.", _ASKS_ONCE),
    "columns-rival": Guide(_MAPPING, "Say which column is meant.", _ASKS_ONCE, has_table=True),
    "no-profile": Guide(_MAPPING),
    "bad-profile": Guide(_MAPPING),
    "column-twice": Guide((Verb.SHOW, Verb.RETRY), "Rename or remove one of them, then press Retry."),
    "no-statements": Guide((Verb.SHOW, Verb.RETRY)),
    "statement-unreadable": Guide((Verb.SHOW, Verb.RETRY)),
    "ends-outtray": Guide((Verb.SHOW, Verb.RETRY)),
    "changed": Guide((Verb.RETRY, Verb.SHOW), "Wait until the export has ended, then press Retry."),
}
"""By a failed packet's problem code."""

OTHERWISE = Guide((Verb.RETRY, Verb.SHOW))
