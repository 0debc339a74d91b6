"""What the folder room says of a lane whose folder needs someone."""

from __future__ import annotations

from pathlib import Path

from agent.folder.filesystem import Busy, Damaged, Denied, FileSystemProblem, InTheWay, Missing, NoRoom, Offline
from agent.model import Fault, Problem, Words

OFFLINE = Words(
    "folder-offline",
    "The folder {folder} cannot be reached.",
    "See that the PC or network drive that holds it is switched on and connected. OutTray goes on by itself then. "
    "If the folder was moved or renamed, tell IT.",
)
DENIED = Words(
    "folder-denied",
    "OutTray lacks the rights for {folder}.",
    "Tell IT: the account that OutTray runs under has to read, write and delete in this folder.",
)
NO_ROOM = Words(
    "folder-full",
    "The disk that holds {folder} is full.",
    "Make room on it. OutTray goes on by itself then.",
)
DAMAGED = Words(
    "folder-damaged",
    "The disk that holds {folder} reports a defect.",
    "Tell IT today: files on this disk may be in danger.",
)
IN_THE_WAY = Words(
    "folder-in-the-way",
    "Something that is no folder stands where OutTray needs its folder {folder}.",
    "Rename it, or move it elsewhere. OutTray goes on by itself then.",
)
BUSY = Words(
    "folder-busy",
    "A file in {folder} is open in another program.",
    "Close the program that has it open. OutTray goes on by itself then.",
)
TROUBLE = Words(
    "folder-trouble",
    "The folder {folder} cannot be worked with at the moment.",
    "OutTray tries again by itself. If this stays, tell IT.",
)
NESTED = Words(
    "folder-nested",
    "The folder {name} has folders inside it, and these are not looked into.",
    "Put the files of one packet straight into one folder.",
)
PASSED_OVER = Words(
    "folder-passed-over",
    "{name} is left alone: {reason}.",
    "Put the file itself into the folder. If it stands there already and cannot be opened, tell IT.",
)
SHELF = Words(
    "folder-was-a-shelf",
    "The folder {name} holds documents of OutTray's (receipts or problems), so nothing in it is sent.",
    "To send a packet in it again, drag its files out of it into the watched folder. If it was a shelf before the "
    "settings were changed, tell IT.",
)
CAME_BACK = Words(
    "came-back",
    "Another file has taken the name, so these files came back in a folder of their own.",
    "Nothing: they go from here by themselves.",
)
UNPICKED = Words(
    "folder-unpicked",
    "{names} {have} lain in {folder} for over an hour and will not be sent: {reason}.",
    "If it is to go, save it as a kind of file that this folder takes, and drop that. "
    "If not, move it out of the folder.",
)
DEAF = Words(
    "watch-deaf",
    "The system does not report new files in {folder} at the moment.",
    "Nothing needs doing: OutTray looks every few seconds instead. If this stays, tell IT.",
)

EMPTY = "it is empty"
NOT_READABLE = "it cannot be opened, because the rights do not suffice"
NOT_READ = "the disk cannot read it"
LINK = "it is a shortcut to another place, or a device"
TEMPORARY = "programs give such a name to what they have not finished"
PUT_ASIDE = "no sidecar in it speaks for all that stands there"
NOT_WANTED = "it is not of a kind that this folder takes"
NEVER = "it is not picked up, for its name or its place"
FOLDER = "this lane takes files, and looks into no folder"

_WORDS: dict[type[FileSystemProblem], Words] = {
    Offline: OFFLINE,
    Missing: OFFLINE,
    Denied: DENIED,
    NoRoom: NO_ROOM,
    Damaged: DAMAGED,
    Busy: BUSY,
    InTheWay: IN_THE_WAY,
}


def folder_problem(problem: FileSystemProblem, folder: object) -> Problem:
    """Return what a lane says whose `folder` met `problem`; the system's own words are the detail for IT.

    A disk that is full is named by what stands on it: a shelf can have another than the folder.
    """
    if isinstance(problem, NoRoom) and isinstance(folder, Path) and not problem.path.is_relative_to(folder):
        folder = problem.path.parent
    words = next((words for kind, words in _WORDS.items() if isinstance(problem, kind)), TROUBLE)
    return words.problem((Fault(str(problem.path), "", problem.reason),), folder=folder)
