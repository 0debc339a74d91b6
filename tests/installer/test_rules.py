"""What the package's build holds to, without the tools that build it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from agent.settings.from_installer import PROPERTIES
from installer import assembled, pruning, runtime, tools
from installer.bytecode import compile_all, compile_beside
from installer.dependencies import LOCK
from installer.interpreter import Interpreter
from installer.msi.identity import guid, with_short_name
from installer.tools import ROOT, BuildFailed

README = (ROOT / "installer" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [one.name for one in PROPERTIES])
def test_the_readme_tells_of_every_property(name: str) -> None:
    assert re.search(rf"^\|.*`{name}`.*\|", README, re.MULTILINE)


def test_every_dependency_is_in_the_lock_for_windows() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        wanted = tomllib.load(file)["project"]["dependencies"]
    names = {re.split(r"[^A-Za-z0-9-]", one)[0].lower() for one in wanted}
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCK.read_text(), re.MULTILINE))
    assert names <= locked, "write it anew: python -m installer.build --lock"


def test_the_lock_names_no_index() -> None:
    assert "://" not in LOCK.read_text()


def test_a_tool_that_only_warns_fails_the_build() -> None:
    with pytest.raises(BuildFailed, match="careful"):
        tools.run([sys.executable, "-c", "import sys; print('careful', file=sys.stderr)"])


def test_a_tool_that_may_talk_does_not() -> None:
    talk = "import sys; print('careful', file=sys.stderr); print('done')"
    assert tools.run([sys.executable, "-c", talk], may_grumble=True) == "done\n"


def test_a_tool_that_is_missing_is_named() -> None:
    with pytest.raises(BuildFailed, match="no-such-tool"):
        tools.run(["no-such-tool"])


def test_a_runtime_that_is_not_pinned_is_refused(tmp_path: Path) -> None:
    file = tmp_path / runtime.pinned()[0].name
    file.write_bytes(b"another one")
    with pytest.raises(BuildFailed, match="SHA-256"):
        runtime.known_source(file)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("select.pyd", "select.pyd"),
        ("LICENSE", "LICENSE"),
        ("_decimal.pyd", "_decimal.pyd"),
        ("unicodedata.pyd", r"[0-9A-F]{8}\.PYD\|unicodedata\.pyd"),
        ("records.cpython-311.pyc", r"[0-9A-F]{8}\.PYC\|records\.cpython-311\.pyc"),
        ("Befund Müller.pdf", r"[0-9A-F]{8}\.PDF\|Befund Müller\.pdf"),
        ("entry points", r"[0-9A-F]{8}\|entry points"),
    ],
)
def test_names_are_short_where_they_can_be(name: str, short: str) -> None:
    assert re.fullmatch(short, with_short_name(name, f"folder/{name}"))


def test_ids_are_made_of_what_they_name() -> None:
    assert guid("file", "agent/cli.py") == guid("file", "AGENT/cli.py")
    assert guid("file", "agent/cli.py") != guid("product", "agent/cli.py")


def test_byte_code_takes_the_sources_place_and_works(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("from package.inner import told")
    (tmp_path / "package" / "inner.py").write_text("told = 'told'")
    compile_all(tmp_path, Interpreter())
    assert not list(tmp_path.rglob("*.py"))
    asked = [sys.executable, "-c", "import package; print(package.told, package.inner.__file__)"]
    printed = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert printed.startswith("told ")
    assert "inner.pyc" in printed


def test_byte_code_beside_the_sources_is_what_runs(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("told = 'before'")
    compile_beside(tmp_path, Interpreter())
    module.write_text("told = 'after'")
    asked = [sys.executable, "-c", "import module; print(module.told)"]
    assert subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == "before\n"


def test_byte_code_does_not_depend_on_where_it_was_made(tmp_path: Path) -> None:
    made = []
    for place in ("here", "there"):
        folder = tmp_path / place
        folder.mkdir()
        (folder / "module.py").write_text("def told():\n    return {'b', 'a', 'c'} & {'x'}\n")
        compile_all(folder, Interpreter(), shown_in="Lib")
        made.append((folder / "module.pyc").read_bytes())
    assert made[0] == made[1]
    assert b"Lib/module.py" in made[0]


def test_what_is_pruned_is_counted(tmp_path: Path) -> None:
    for name in ("phonenumbers/geodata/data0.py", "phonenumbers/data/region_US.py", "PIL/_avif.cp311-win_amd64.pyd"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1234567")
    assert pruning.prune(tmp_path) == 14
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["region_US.py"]


def test_newer_files_take_the_place_of_the_older_ones_whatever_their_case() -> None:
    whole = {"python313.dll": b"2", "sqlite3.dll": b"2", "python313.zip": b"2", "vcruntime140.dll": b"2"}
    newer = {"python313.dll": b"11", "SQLite3.DLL": b"11", "tk86t.dll": b"11", "VCRUNTIME140.dll": b"0"}
    assert assembled._overlaid(whole, newer) == {
        "python313.dll": b"11",
        "sqlite3.dll": b"11",
        "python313.zip": b"2",
        "vcruntime140.dll": b"2",
    }


def test_the_pins_are_as_sha256sum_writes_them() -> None:
    assert runtime.pinned("# why\n\n" + "AB" * 32 + "  one.zip\n") == [runtime.Source("one.zip", "ab" * 32)]
    assert all(re.fullmatch("[0-9a-f]{64}", one.sha256) for one in runtime.pinned())


def test_another_python_than_the_lock_is_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "python-3.12.0-embed-amd64.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("python312.dll", b"")
    monkeypatch.setattr(runtime, "pinned", lambda: [runtime.Source(file.name, runtime.sha256_of(file))])
    with pytest.raises(BuildFailed, match="another Python"):
        runtime.unpack_runtime(file, tmp_path / "target")


def test_a_runtime_of_the_vendors_layout_is_unpacked_without_what_is_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "python-3.13.99-embed-amd64.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("python313.dll", "python313.zip", "python313._pth", "_wmi.pyd", "python.exe", "LICENSE.txt"):
            archive.writestr(name, name.encode())
    monkeypatch.setattr(runtime, "pinned", lambda: [runtime.Source(file.name, runtime.sha256_of(file))])
    assert runtime.unpack_runtime(file, tmp_path / "target").name == file.name
    names = {path.name for path in (tmp_path / "target").iterdir()}
    assert names == {"python313.dll", "python313.zip", "python313._pth"}
    assert (tmp_path / "target" / "python313._pth").read_bytes() == runtime.SEARCH_PATH.encode()
    runtime.unpack_runtime(file, tmp_path / "other", interpreter=True)
    assert (tmp_path / "other" / "python.exe").exists()
    assert runtime.licence_of(file) == b"LICENSE.txt"


def test_what_the_runtimes_python_has_to_say_ends_the_build(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys; sys.exit('no such thing')")
    with pytest.raises(BuildFailed, match="no such thing"):
        Interpreter().run(script, "")
