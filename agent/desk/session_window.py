"""A hidden window and a console handler: the two ways in which Windows tells a program that it has to end.

The window is a top-level one, since windows for messages only hear of neither logoff nor sleep. Its own thread reads
its messages.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from ctypes import wintypes
from typing import Self

from agent.log import log

assert sys.platform == "win32"  # noqa: S101 - it tells the type checker, too, which system this module is for

WINDOW_CLASS = "OutTraySession"

_WM_CLOSE = 0x0010
_WM_QUERYENDSESSION = 0x0011
_WM_ENDSESSION = 0x0016
_WM_POWERBROADCAST = 0x0218
_PBT_APMRESUMEAUTOMATIC = 0x0012
_WM_LEAVE = 0x8000  # WM_APP: our own
_CTRL_CLOSE_EVENT, _CTRL_LOGOFF_EVENT, _CTRL_SHUTDOWN_EVENT = 2, 5, 6
_ENDING = (_CTRL_CLOSE_EVENT, _CTRL_LOGOFF_EVENT, _CTRL_SHUTDOWN_EVENT)

_GRANTED_SECONDS = 4.5
"""Windows gives a program 5 seconds to end (HungAppTimeout, WaitToKillAppTimeout, a console's close)."""
_START_SECONDS = 10.0

_user32 = ctypes.WinDLL("user32", use_last_error=True)
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)

_LRESULT = ctypes.c_ssize_t
_WindowProcedure = ctypes.WINFUNCTYPE(_LRESULT, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
_ConsoleHandler = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)


class _WindowClass(ctypes.Structure):
    _fields_ = (
        ("style", wintypes.UINT),
        ("procedure", _WindowProcedure),
        ("class_extra", ctypes.c_int),
        ("window_extra", ctypes.c_int),
        ("instance", wintypes.HINSTANCE),
        ("icon", wintypes.HANDLE),
        ("cursor", wintypes.HANDLE),
        ("background", wintypes.HANDLE),
        ("menu_name", wintypes.LPCWSTR),
        ("class_name", wintypes.LPCWSTR),
    )


_kernel32.GetModuleHandleW.restype = wintypes.HMODULE
_kernel32.GetModuleHandleW.argtypes = (wintypes.LPCWSTR,)
_kernel32.SetConsoleCtrlHandler.argtypes = (_ConsoleHandler, wintypes.BOOL)
_user32.RegisterClassW.argtypes = (ctypes.POINTER(_WindowClass),)
_user32.RegisterClassW.restype = wintypes.ATOM
_user32.UnregisterClassW.argtypes = (wintypes.LPCWSTR, wintypes.HINSTANCE)
_user32.CreateWindowExW.restype = wintypes.HWND
_user32.CreateWindowExW.argtypes = (
    wintypes.DWORD,
    wintypes.LPCWSTR,
    wintypes.LPCWSTR,
    wintypes.DWORD,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    wintypes.HWND,
    wintypes.HMENU,
    wintypes.HINSTANCE,
    wintypes.LPVOID,
)
_user32.DefWindowProcW.restype = _LRESULT
_user32.DefWindowProcW.argtypes = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
_user32.DestroyWindow.argtypes = (wintypes.HWND,)
_user32.PostMessageW.argtypes = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
_user32.GetMessageW.argtypes = (ctypes.POINTER(wintypes.MSG), wintypes.HWND, wintypes.UINT, wintypes.UINT)
_user32.DispatchMessageW.argtypes = (ctypes.POINTER(wintypes.MSG),)
_user32.PostQuitMessage.argtypes = (ctypes.c_int,)


class SessionWindow:
    """Hears of the session's end while the block runs. Where no window can be made, the console's part stays."""

    def __init__(self, stop: Callable[[], None], resumed: Callable[[], None]) -> None:
        self._stop = stop
        self._resumed = resumed
        self._left = threading.Event()
        self._ready = threading.Event()
        self._window: int | None = None
        # ctypes keeps no reference to a callback: they must live as long as Windows may call them.
        self._procedure = _WindowProcedure(self._message)
        self._handler = _ConsoleHandler(self._console)
        self._thread = threading.Thread(target=self._read_messages, name="session", daemon=True)

    def __enter__(self) -> Self:
        _kernel32.SetConsoleCtrlHandler(self._handler, True)
        self._thread.start()
        self._ready.wait(_START_SECONDS)
        return self

    def __exit__(self, *_raised: object) -> None:
        self._left.set()
        _kernel32.SetConsoleCtrlHandler(self._handler, False)
        if self._window is not None:
            _user32.PostMessageW(self._window, _WM_LEAVE, 0, 0)
            self._thread.join(_GRANTED_SECONDS)

    def _read_messages(self) -> None:
        instance = _kernel32.GetModuleHandleW(None)
        name = f"{WINDOW_CLASS}-{id(self):x}"
        made = _WindowClass(procedure=self._procedure, instance=instance, class_name=name)
        if _user32.RegisterClassW(ctypes.byref(made)):
            self._window = _user32.CreateWindowExW(0, name, WINDOW_CLASS, 0, 0, 0, 0, 0, None, None, instance, None)
        self._ready.set()
        if not self._window:
            log.warning("the session's end cannot be heard", extra={"winerror": ctypes.get_last_error()})
            return
        message = wintypes.MSG()
        while _user32.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
            _user32.DispatchMessageW(ctypes.byref(message))
        _user32.UnregisterClassW(name, instance)

    def _message(self, window: int, message: int, first: int, second: int) -> int:
        if message == _WM_QUERYENDSESSION:
            return 1  # whether it really ends is known with WM_ENDSESSION: another program may still say no
        if message == _WM_ENDSESSION:
            if first:
                self._end("session")
            return 0
        if message == _WM_CLOSE:  # `taskkill` without /F, and installers that close programs
            log.info("asked to end", extra={"by": "close"})
            self._stop()
            return 0
        if message == _WM_POWERBROADCAST and first == _PBT_APMRESUMEAUTOMATIC:
            self._resumed()
            return 1
        if message == _WM_LEAVE:
            _user32.DestroyWindow(window)
            _user32.PostQuitMessage(0)
            return 0
        return int(_user32.DefWindowProcW(window, message, first, second))

    def _console(self, event: int) -> int:
        """Take Ctrl+C and its like. Windows calls this in a thread of its own."""
        if event in _ENDING:
            self._end("console")
        else:
            self._stop()
        return 1

    def _end(self, by: str) -> None:
        """Stop, and come back when the agent has recorded all: the process may be ended as soon as we do."""
        log.info("asked to end", extra={"by": by})
        self._stop()
        self._left.wait(_GRANTED_SECONDS)
