"""DICOM, by pydicom: all of its elements are there, with the preamble or without."""

from __future__ import annotations

import warnings
from typing import Any, BinaryIO

from agent.intake.readers.findings import damaged, whole

_DEFERRED = 65_536  # bytes: a larger value is not read, only held against the file's end
_MOST_IN_MEMORY = 80_000_000
_PICTURES = (0x7FE00010, 0x7FE00008, 0x7FE00009)
_CUT = "part of its data is missing"


def read(stream: BinaryIO, question: Any) -> dict[str, Any]:
    """Read the elements; large values are skipped."""
    del question
    import pydicom
    from pydicom.errors import InvalidDicomError

    size = stream.seek(0, 2)
    stream.seek(128)
    bare = stream.read(4) != b"DICM"
    stream.seek(0)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            found = pydicom.dcmread(stream, force=True, defer_size=_DEFERRED, stop_before_pixels=size > _MOST_IN_MEMORY)
            elements = [found.get_item(tag) for tag in found.keys()]  # noqa: SIM118 - a dataset iterates over its elements
        except (InvalidDicomError, EOFError):
            return damaged(_CUT)
        except Exception:  # noqa: BLE001 - this reader raises whatever a broken value makes Python raise
            return damaged("no reader of DICOM can open it")
    if not elements or any("end of file" in str(one.message).lower() for one in said):
        return damaged(_CUT)
    if any(_beyond(element, size) for element in elements):
        return damaged(_CUT)
    shows = size > _MOST_IN_MEMORY or any(tag in found for tag in _PICTURES)
    if "Rows" in found and not shows:
        return damaged("its picture is missing")
    if shows and _lacks_points(found):
        return damaged(_CUT)
    if bare and not ("SOPClassUID" in found or "Modality" in found):
        return damaged("it says nothing of what it is")
    return whole(*(["has no preamble; programs open it all the same"] if bare else []))


def _lacks_points(found: Any) -> bool:
    """Tell whether there are fewer points than rows, columns and frames make (PS3.5, 8); packed ones: whether none."""
    element = found.get_item(0x7FE00010) if 0x7FE00010 in found else None
    if element is None or "Rows" not in found:
        return False
    length = getattr(element, "length", None)
    if length is None or length == 0xFFFFFFFF:
        return not element.value
    syntax = getattr(getattr(found, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is not None and (not syntax.is_transfer_syntax or syntax.is_compressed):
        return bool(length == 0)
    try:
        bits = int(found.Rows) * int(found.Columns) * int(found.get("BitsAllocated", 8))
        bits *= int(found.get("SamplesPerPixel", 1)) * int(found.get("NumberOfFrames", None) or 1)
    except (TypeError, ValueError, AttributeError):
        return False
    if str(found.get("PhotometricInterpretation", "")) == "YBR_FULL_422":
        bits = bits * 2 // 3
    return bool(length < bits // 8)


def _beyond(element: Any, size: int) -> bool:
    place, length = getattr(element, "value_tell", None), getattr(element, "length", None)
    return place is not None and length not in (None, 0xFFFFFFFF) and place + length > size
