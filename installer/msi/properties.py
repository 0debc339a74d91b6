"""The public properties as WiX, for product.wxs to include. Each is kept in the registry, for the next version.

AppSearch writes over what stands on msiexec's line, so what was remembered is looked up under another name, and holds
only where nothing was given.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.commands.machine import REGISTRY_KEY
from agent.settings.from_installer import PROPERTIES

_WIX = '<Include xmlns="http://schemas.microsoft.com/wix/2006/wi">'
_GUID = "0E4B3C5B-6A9B-4B7E-8B51-3D0B2D5C7E04"
_AFTER_APP_SEARCH = 51  # that is 50, and the launch conditions are 100; wixl would put "After" behind everything


def secure_properties() -> str:
    """Return what may pass from the person who starts the installation to the service that carries it out."""
    names = [name for one in PROPERTIES for name in (one.name, _remembered(one.name))]
    own = ["WIX_UPGRADE_DETECTED", "WIX_DOWNGRADE_DETECTED", "INSTALLEDPROGRAM", "WINDOWSBUILD"]
    return ";".join([*own, *names])


def properties_source() -> str:
    """Return the WiX source."""
    return "\n".join(["".join((_WIX, *_searches())), *_actions(), *_values(), "</Include>"]) + "\n"


def _searches() -> Iterator[str]:
    for one in PROPERTIES:
        search = f'Root="HKLM" Key="{REGISTRY_KEY}" Name="{one.name}" Type="raw" Win64="yes"'
        yield f'<Property Id="{_remembered(one.name)}"><RegistrySearch Id="Find{one.name}" {search}/></Property>\n'


def _actions() -> Iterator[str]:
    steps = []
    for one in PROPERTIES:
        recall, value = f"Recall{one.name}", f"[{_remembered(one.name)}]"
        yield f'<CustomAction Id="{recall}" Property="{one.name}" Value="{value}"/>'
        steps.append((recall, f"NOT {one.name} AND {_remembered(one.name)}"))
        if one.default:
            yield f'<CustomAction Id="Usual{one.name}" Property="{one.name}" Value="{one.default}"/>'
            steps.append((f"Usual{one.name}", f"NOT {one.name}"))
    yield "<InstallExecuteSequence>"
    for number, (action, condition) in enumerate(steps, start=_AFTER_APP_SEARCH):
        yield f'<Custom Action="{action}" Sequence="{number}">{condition}</Custom>'
    yield "</InstallExecuteSequence>"


def _values() -> Iterator[str]:
    yield f'<DirectoryRef Id="INSTALLDIR"><Component Id="Remembered" Guid="{_GUID}" Win64="yes">'
    for number, one in enumerate(PROPERTIES):
        key_path = ' KeyPath="yes"' if number == 0 else ""
        value = f'Name="{one.name}" Type="string" Value="[{one.name}]"{key_path}'
        yield f'<RegistryValue Root="HKLM" Key="{REGISTRY_KEY}" {value}/>'
    yield "</Component></DirectoryRef>"


def _remembered(name: str) -> str:
    return f"REMEMBERED_{name}"
