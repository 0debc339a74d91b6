"""Pictures with fewer rows, pages or points than they name, and whole ones beside. Synthetic."""

from __future__ import annotations

import io
import struct
import zlib

from tests.support import files


def png_of(width: int, height: int, kind: int, *, rows: int = 0, interlaced: bool = False) -> bytes:
    """A PNG of a byte a point, perhaps with fewer rows in it than it says; `kind` 3 wants a palette and has none."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, interlaced)
    data = zlib.compress((b"\0" + bytes(width)) * (rows or height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def two_page_tiff() -> bytes:
    """A TIFF of two plain pages, the second directory at its end."""
    pixels, made, pointer = bytes(range(64)) * 48, b"II*\0\0\0\0\0", 4
    for _ in range(2):
        at, made = len(made), made + pixels
        tags = ((256, 64), (257, 48), (258, 8), (259, 1), (262, 1), (273, at), (277, 1), (278, 48), (279, len(pixels)))
        made = made[:pointer] + struct.pack("<I", len(made)) + made[pointer + 4 :]
        made += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
        pointer = len(made)
        made += bytes(4)
    return made


def jpeg_with_another_inside() -> bytes:
    """A JPEG that holds a small one, with an end mark of its own, as cameras write them."""
    small = b"JFXX\0\x10" + files.jpeg()[:600] + b"\xff\xd9"
    return files.jpeg()[:2] + b"\xff\xe1" + struct.pack(">H", len(small) + 2) + small + files.jpeg()[2:]


def jpeg_that_names(side: int) -> bytes:
    """A small progressive JPEG whose header names sides that no decoder has room for."""
    from PIL import Image

    written = io.BytesIO()
    Image.new("RGB", (64, 64), "gray").save(written, "JPEG", progressive=True)
    data = bytearray(written.getvalue())
    struct.pack_into(">HH", data, data.index(b"\xff\xc2") + 5, side, side)
    return bytes(data)


def dicom_of(side: int, points: bytes, frames: int = 0) -> bytes:
    """An uncompressed DICOM image of 16 bits a point."""
    import pydicom
    from pydicom.dataset import Dataset, FileMetaDataset

    made, meta = Dataset(), FileMetaDataset()
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = "1.2.840.10008.5.1.4.1.1.1.3", "1.2.3.4", "IO"
    made.Rows = made.Columns = side
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation, made.SamplesPerPixel = 15, 0, 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.PixelData = points
    made["PixelData"].VR = "OW"
    if frames:
        made.NumberOfFrames = frames
    meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = made.SOPClassUID, made.SOPInstanceUID
    made.file_meta = meta
    written = io.BytesIO()
    pydicom.dcmwrite(written, made, enforce_file_format=True)
    return written.getvalue()
