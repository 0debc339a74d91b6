"""What delivery says when a packet needs someone."""

from __future__ import annotations

from agent.model import Words

INCOMPLETE = Words(
    "incomplete",
    "{name} is not complete: {reason}.",
    "Scan or export it again and drop the new file. If it was still being written, drag it back into the folder.",
)
NO_SIDECAR = Words(
    "no-sidecar",
    "{name} waited {hours:g} hours for its sidecar, and none came.",
    "Save the sidecar as {sidecar} and drag both files back into the folder.",
)
FILES_MISSING = Words(
    "files-missing",
    "{name} names files that did not come: {missing}.",
    "Drag the sidecar back into the folder together with the files that it names.",
)
GAVE_UP = Words(
    "gave-up",
    "{name} could not be delivered within {hours:g} hours. The last answer: {last}",
    "Drag it back into the folder to try again. If it fails again, tell IT.",
)
DUPLICATE = Words(
    "duplicate",
    "{name} was sent already, {when}.",
    "Nothing more is needed for it. {reference}",
)
VANISHED = Words(
    "vanished",
    "{name} was removed from OutTray's own folder before it was sent.",
    "If it still has to go, drop it into the folder again.",
)
