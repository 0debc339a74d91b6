"""What delivery says when a packet needs someone."""

from __future__ import annotations

from datetime import datetime

from agent.model import Problem, Unknown, Words

INCOMPLETE = Words(
    "incomplete",
    "{name} is not complete: {reason}.",
    "Scan or export it again, and drop it together with what stands beside it here. If it was still being written, "
    "drag everything back into the folder as it is.",
)
INCOMPLETE_SIDECAR = Words(
    "incomplete",
    "The sidecar {name} is not complete: {reason}.",
    "Mend the sidecar in a text editor, and drag it back into the folder with its files.",
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
    "{name} was sent already with just this content, {when}.",
    "Nothing more is needed for it; this copy can be deleted.{reference}",
)
DUPLICATE_AHEAD = Words(
    "duplicate",
    "{name} came before with just this content, and that one goes by itself.",
    "Nothing more is needed for it; this copy can be deleted.",
)
COPY = Words(
    "duplicate",
    "{name} holds just the statements of {of}, which was sent {when}.",
    "Nothing more is needed for it; this copy can be deleted.",
)
COPY_AHEAD = Words(
    "duplicate",
    "{name} holds just the statements of {of}, which came before and goes by itself.",
    "Nothing more is needed for it; this copy can be deleted.",
)
VANISHED = Words(
    "vanished",
    "{name} was removed from OutTray's own folder before it was sent.",
    "If it still has to go, drop it into the folder again.",
)
GAVE_UP_UNSURE = Words(
    "gave-up-unsure",
    "{name} was sent, but no answer came back for {hours:g} hours. The last answer: {last}",
    "Ask the service whether it has arrived before sending it again. To try again, drag it back into the folder.",
)
LONG_WAIT = Words(
    "asked-to-wait",
    "{last} It wants nothing before {until}.",
    "Nothing needs doing: OutTray goes on by itself then. To try at once, press Resume.",
)
ANSWERS_LOST = Words(
    "answers-lost",
    "The last {count} uploads went out, but no answer to any of them came back. {last}",
    "Nothing more is sent in this lane, lest it arrive many times. Tell IT to look at what stands between this PC and "
    "the service. Then press Resume: everything that waits will go.",
)
LOST_EACH_TIME = Words(
    "answers-lost",
    "{name} was sent {count} times, and no answer came back. The last: {last}",
    "Ask the service whether it has arrived before sending it again. To try again, drag it back into the folder.",
)
ENDED_IN_MID_TRY = "OutTray was ended before one could come."
"""What is said of a try in which the agent was killed or the PC switched off, as the last of several."""

LOST_TOO_LONG_AGO = Words(
    "lost-too-long-ago",
    "{name} went out on {when}, but no answer came back, and nothing could be sent since.",
    "Look at the service's own review page whether the statements of {name} are there. If they are, nothing is needed. "
    "If they are not, drag the file back into the folder.",
)
TAKEN_BY_WHOM = Words(
    "name-taken-unsure",
    "The statements service says that it has a file named {name} already. It may be this one, or another of that name.",
    "Look at the service's own review page whether the statements of this file are there. If they are, nothing is "
    "needed. If they are not, drag the file back into the folder tomorrow, or give it another name.",
)
STORE_TAKEN_BY_WHOM = Words(
    "name-taken-unsure",
    "The statements service says that it has a file of this store already. It may be {name}, or another one.",
    "Look at the service's own review page whether the statements of this file are there. If they are, nothing is "
    "needed. If they are not, drag the file back into the folder tomorrow.",
)
ASK_FIRST = "An earlier try may have arrived, and its answer was lost: ask the service before it goes again."
"""What comes before all else where a refusal follows a lost answer."""

NAME_USED = Words(
    "name-used",
    "A file named {name} went within the last 24 hours, and the statements service takes a name once in that time.",
    "Nothing: it is kept safe and goes by itself.",
)
NAME_USED_FAIL = Words(
    "name-used",
    "A file named {name} went within the last 24 hours, and the statements service takes a name once in that time.",
    "Give the file another name, or drop it again after {until}.",
)
STORE_USED = Words(
    "name-used",
    "A statement file of this store went within the last 24 hours, and its settings let one go in that time.",
    "Nothing: it is kept safe and goes by itself.",
)
STORE_USED_FAIL = Words(
    "name-used",
    "A statement file of this store went within the last 24 hours, and its settings let one go in that time.",
    "Drop {name} again after {until}.",
)
UNREADABLE = Words(
    "unreadable",
    "{name} cannot be read by OutTray.",
    "Open it to see that it is as it should be, save it anew and drop it again. If that does not help, tell IT.",
)
CHANGED = Words(
    "changed-before-sending",
    "{name} was changed in OutTray's own folder after it was checked, so it was not sent.",
    "Open the files that stand beside this note, see that each is right and that they belong together, and drag them "
    "back into the folder.",
)
CHANGED_AFTERWARDS = Words(
    "changed-after-sending",
    "{name} was sent, and what stands on the shelf now is not what went out.",
    "Compare the file on the shelf with what was meant to go. If it holds more than what was sent, save it under "
    "another name and drop it into the folder.",
)
LONGER_CAME = Words(
    "longer-came",
    "A longer {name} came after the first was taken to be sent.",
    "See whether it is the same scan with more pages. If it is, complete its metadata on the page, or save its sidecar "
    "beside it, and it goes as well; if it is another scan, nothing needs doing here. From now on files in this folder "
    "are given longer.",
)
WITHDRAWN = Words(
    "withdrawn",
    "{name} was withdrawn before it was sent.",
    "If it still has to go, drop it into the folder again.",
)
BROKE_DOWN = Words(
    "reply-lost",
    "The sending of {name} broke off inside OutTray, and whether it arrived is not known.",
    "Nothing: it is sent again. If this stays, tell IT.",
)
LEDGER_TROUBLE = Words(
    "ledger-trouble",
    "OutTray cannot write its ledger, and sends nothing until it can.",
    "Make room on the disk that holds OutTray's data folder. If there is room, another program may hold the ledger: "
    "tell IT.",
)
INNER_TROUBLE = Words(
    "inner-trouble",
    "OutTray cannot go on with {what} at the moment.",
    "OutTray tries again by itself, and goes on with everything else. If this stays, tell IT.",
)


def lost_in_a_breakdown(name: str) -> Unknown:
    """Return the outcome of a try that broke down inside OutTray itself."""
    return Unknown(BROKE_DOWN.problem(name=name))


def held(scope: str, name: str) -> Problem:
    """Say why a file waits: because of its own name, or where one file a store goes in a day, of any other's."""
    return (STORE_USED if scope == "store" else NAME_USED).problem(name=name)


def moment(at: datetime) -> str:
    """Return a moment as people say it, in the PC's own time zone: July 4, 2026 at 9:05 AM."""
    local = at.astimezone()
    hour = local.hour % 12 or 12
    return f"{local:%B} {local.day}, {local.year} at {hour}:{local:%M} {'AM' if local.hour < 12 else 'PM'}"


OTHER_PC = Words(
    "left-by-another-pc",
    "{packets} in {where} belong to OutTray on {host}, since {since}, and that PC is not heard of any more.",
    "If that PC is only switched off, start it: it goes on by itself. If it is gone for good, ask the service what has "
    "arrived, then press Take over, or have IT run `outtray adopt {lane}`: OutTray here then sends them, marked as "
    "perhaps sent before.",
)
SHELF_OF_BEFORE = Words(
    "failed-elsewhere",
    "{packets} of {lane} that failed stand in {where}, where failed files stood before the settings changed.",
    "Nothing has to be moved: a retry finds them there. To be tried again by hand, drag them into the lane's folder.",
)
WAITS_ELSEWHERE = Words(
    "waits-elsewhere",
    "{files} {waits} in {where}, which {lane} watched before the settings changed. Nothing looks there any more.",
    "If they are to go, drag them {to}. If not, take them out of that folder.",
)
LEAVES_SANDBOX = Words(
    "leaves-sandbox",
    "{lane} has sent to {sandbox} and leaves it: with the next start of OutTray it sends to {host}, where everything "
    "counts. What went to the sandbox ({sent}) counts as not sent there. What waits ({waiting}) goes to the real "
    "service, so withdraw what was only a test before that.",
    "Keep the real service's key with outtray secret set {secret}, run outtray doctor, and start OutTray again. What "
    "has to be sent for real is dragged from the sent shelf back into the folder.",
)
LANE_GONE = Words(
    "lane-gone",
    "The settings do not name {lane} any more, and {packets} of it stay behind in {where}.",
    'Have IT name the store "{store}" in the settings as before, with that folder: then OutTray goes on with them. '
    "If the store is gone for good, ask the service what has arrived, and move the other files into a folder that "
    "OutTray watches.",
)
AFTER_A_TRY = frozenset(
    words.code
    for words in (GAVE_UP, GAVE_UP_UNSURE, LOST_TOO_LONG_AGO, TAKEN_BY_WHOM, VANISHED, WITHDRAWN, CHANGED, BROKE_DOWN)
) | {"refused", "too-large", "name-taken", "store-taken"}
"""What packets fail with that may have been tried before: by such a code alone nobody knows whether one arrived."""
