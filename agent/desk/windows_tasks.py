"""What Windows' task scheduler is told: two tasks of the installer, as the XML that `schtasks /Create /XML` takes.

The schema is Microsoft's Task Scheduler schema, version 1.2.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

SERVICE_TASK = r"OutTray\Service"
START_TASK = r"OutTray\Start"

NETWORK_SERVICE = "S-1-5-20"
"""Few rights on this PC; on the network it is the PC itself, so that a share can be opened to the PC's account."""

_TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Author>OutTray</Author><Description>{description}</Description></RegistrationInfo>
  <Triggers>{triggers}</Triggers>
  <Principals><Principal id="Author">{principal}</Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    {restart}
  </Settings>
  <Actions Context="Author">
    <Exec><Command>{program}</Command><Arguments>{arguments}</Arguments></Exec>
  </Actions>
</Task>
"""


def service_task(program: Path, account: str = NETWORK_SERVICE, logon: str = "") -> bytes:
    """Return the task that runs the agent from the PC's start, nobody logged in, and starts it anew when it fails.

    `account` is a name or a SID. `logon` is how it is signed in: S4U without its password, Password with the one that
    Windows keeps; accounts of the system itself need neither.
    """
    way = f"<LogonType>{logon}</LogonType>" if logon else ""
    return _task(
        description="Delivers scans and statements, whether or not someone is logged in.",
        triggers="<BootTrigger><Enabled>true</Enabled></BootTrigger>",
        principal=f"<UserId>{escape(account)}</UserId>{way}<RunLevel>LeastPrivilege</RunLevel>",
        restart="<RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>",
        program=str(program),
        arguments="run --headless",
    )


def start_task(program: Path, group: str) -> bytes:
    """Return the task with which the installer starts the agent as the person who is logged in, of `group` (a SID)."""
    return _task(
        description="Started by OutTray's installer, after an upgrade.",
        triggers="",
        principal=f"<GroupId>{escape(group)}</GroupId><RunLevel>LeastPrivilege</RunLevel>",
        restart="",
        program=str(program),
        arguments="run",
    )


def _task(*, program: str, **words: str) -> bytes:
    text = _TASK.format(program=escape(program), **words)
    return text.replace("\n", "\r\n").encode("utf-16")
