"""The icon in Windows' notification area.

What is added to pystray's: icons are loaded once and at the size of the bar; the menu is built when it is opened and
in the thread that shows it; an icon that the shell did not take (it is not there yet at logon, or too busy) is offered
again; the shell's word that the session ends is answered; a notice can be clicked; the bar may change its colour.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from ctypes import wintypes
from pathlib import Path
from typing import Any

from agent.desk.notices.notice import Notice
from agent.desk.tray.pictures import Picture

assert sys.platform == "win32"  # noqa: S101 - it tells the type checker, too, which system this module is for

from pystray import _win32  # noqa: E402 - only there is a Windows to import it on
from pystray._util import win32  # noqa: E402

_WM_NULL = 0x0000
_WM_QUERYENDSESSION = 0x0011
_WM_SETTINGCHANGE = 0x001A
_WM_TIMER = 0x0113
_WM_TRY_AGAIN = win32.WM_USER + 20
_NIN_BALLOONUSERCLICK = win32.WM_USER + 5
_NIIF_INFO, _NIIF_RESPECT_QUIET_TIME = 0x01, 0x80
_SM_CXSMICON, _SM_CYSMICON = 49, 50
_LONGEST_TITLE, _LONGEST_TEXT = 63, 255  # NOTIFYICONDATA: szInfoTitle, szInfo
_AGAIN_MILLISECONDS = 2000
_AGAIN_TIMES = 60  # then the shell's own word that there is a bar again (TaskbarCreated) has to do

_user32 = ctypes.WinDLL("user32", use_last_error=True)
_user32.SetTimer.argtypes = (wintypes.HWND, ctypes.c_size_t, wintypes.UINT, ctypes.c_void_p)
_user32.SetTimer.restype = ctypes.c_size_t
_user32.KillTimer.argtypes = (wintypes.HWND, ctypes.c_size_t)


class WindowsIcon(_win32.Icon):  # type: ignore[misc, unused-ignore]  # pystray has no types
    """`repaint` is called when the bar may have changed its colour, `opened` with the target of a clicked notice."""

    def __init__(
        self, name: str, *, picture: Picture, repaint: Callable[[], None], opened: Callable[[str], None]
    ) -> None:
        self.picture = picture
        self.docked = False
        self._repaint = repaint
        self._opened = opened
        self._target = "/"
        self._loaded: dict[Path, int] = {}
        self._menu_open = False
        self._again = 0
        self._menu_handle: Any = None
        self._icon_handle: int | None
        super().__init__(name, icon=picture.image(64), title=name)
        self._message_handlers |= {
            _WM_QUERYENDSESSION: lambda _w, _l: 1,  # pystray's answer to what it does not know is 0: "do not log off"
            _WM_SETTINGCHANGE: lambda _w, _l: self._repaint(),
            _WM_TRY_AGAIN: lambda _w, _l: self._wait(),
            _WM_TIMER: lambda _w, _l: self._show(),
        }

    def say(self, notice: Notice) -> None:
        """Show a notice; Windows takes neither the keyboard for it nor shows it in quiet hours."""
        self._target = notice.target
        self._message(
            win32.NIM_MODIFY,
            win32.NIF_INFO,
            szInfo=notice.text[:_LONGEST_TEXT],
            szInfoTitle=notice.title[:_LONGEST_TITLE],
            dwInfoFlags=_NIIF_INFO | _NIIF_RESPECT_QUIET_TIME,
        )

    def _show(self) -> None:
        """Add the icon; where the shell does not take it, try again a little later, in the window's own thread."""
        _user32.KillTimer(self._hwnd, 1)
        self._assert_icon_handle()
        data = win32.NOTIFYICONDATAW(
            cbSize=ctypes.sizeof(win32.NOTIFYICONDATAW),
            hWnd=self._hwnd,
            uFlags=win32.NIF_MESSAGE | win32.NIF_ICON | win32.NIF_TIP,
            uCallbackMessage=win32.WM_NOTIFY,
            hIcon=self._icon_handle,
            szTip=self.title,
        )
        # The second call is for an icon that is there already: the bar was made anew around it, or took it late.
        self.docked = any(win32.Shell_NotifyIcon(code, data) for code in (win32.NIM_ADD, win32.NIM_MODIFY))
        if self.docked:
            self._again = 0
        else:
            win32.PostMessage(self._hwnd, _WM_TRY_AGAIN, 0, 0)

    def _wait(self) -> None:
        self._again += 1
        if self._again <= _AGAIN_TIMES:
            _user32.SetTimer(self._hwnd, 1, _AGAIN_MILLISECONDS, None)

    def _update_menu(self) -> None:
        """Do nothing: the menu is made when it is opened."""

    def _on_notify(self, wparam: int, lparam: int) -> None:
        if lparam == _NIN_BALLOONUSERCLICK:
            self._opened(self._target)
        elif lparam == win32.WM_RBUTTONUP:
            self._open_menu(wparam, lparam)
        else:
            super()._on_notify(wparam, lparam)

    def _open_menu(self, wparam: int, lparam: int) -> None:
        if self._menu_open:
            return
        self._menu_open = True
        try:
            super()._update_menu()
            super()._on_notify(wparam, lparam)
            win32.PostMessage(self._hwnd, _WM_NULL, 0, 0)  # else the next click beside the menu does not close it
        finally:
            self._menu_open = False

    def _assert_icon_handle(self) -> None:
        path = self.picture.ico
        if path not in self._loaded:
            width, height = _user32.GetSystemMetrics(_SM_CXSMICON), _user32.GetSystemMetrics(_SM_CYSMICON)
            self._loaded[path] = win32.LoadImage(
                None, str(path), win32.IMAGE_ICON, width, height, win32.LR_LOADFROMFILE
            )
        self._icon_handle = self._loaded[path]

    def _release_icon(self) -> None:
        """Keep what is loaded: six pictures, for as long as the program runs."""
        self._icon_handle = None
