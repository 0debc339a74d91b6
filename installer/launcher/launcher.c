/* outtray.exe (built with -mwindows: no console) and outtray.com (with one): `python -m agent ARGUMENTS...`. */
#ifndef UNICODE
#define UNICODE
#endif
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

__declspec(dllimport) int Py_Main(int argc, wchar_t **argv);

static int start(int argc, wchar_t **argv)
{
    wchar_t **words = calloc(argc + 3, sizeof *words);
    if (!words)
        return 1;
    words[0] = argv[0];
    words[1] = L"-m";
    words[2] = L"agent";
    for (int i = 1; i < argc; i++)
        words[i + 2] = argv[i];
    return Py_Main(argc + 2, words);
}

#ifdef WINDOWED
int WINAPI wWinMain(HINSTANCE instance, HINSTANCE previous, PWSTR line, int show)
{
    return start(__argc, __wargv);
}
#else
int wmain(int argc, wchar_t **argv)
{
    return start(argc, argv);
}
#endif
