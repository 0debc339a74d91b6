"""Makes the sample scans under assets/samples/attachments again: `python -m tests.support.attachment_samples`.

Every picture is drawn here, every person is made up. The same input gives the same pictures; their bytes can differ
with the version of Pillow. `good` holds packets that go, `bad` one of each kind that does not.
"""

from __future__ import annotations

import io
import json
import math
import random
import shutil
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter

ROOT = Path(__file__).resolve().parents[2] / "assets" / "samples" / "attachments"
LONG_AGO = (2026, 1, 15, 9, 30, 0)
NPI = "1234567893"

# --- Drawing ---------------------------------------------------------------------------------------------------------


def radiograph(
    seed: int,
    size: tuple[int, int] = (420, 300),
    teeth: int = 4,
    *,
    upper: bool = False,
    crown: int | None = None,
    root_filling: int | None = None,
    cavity: int | None = None,
    missing: int | None = None,
) -> Image.Image:
    """A periapical image: teeth with pulp and roots in bone. The indexes say which tooth has what."""
    dice = random.Random(seed)
    scale = 2
    width, height = size[0] * scale, size[1] * scale
    picture = Image.new("L", (width, height), 16)
    draw = ImageDraw.Draw(picture)
    gum = height * 0.42
    for y in range(int(gum), height):
        draw.line([(0, y), (width, y)], fill=int(58 + 26 * (y - gum) / (height - gum)))
    _speckle(picture, dice, top=int(gum), strength=20)
    draw = ImageDraw.Draw(picture)
    step = width / teeth
    for index in range(teeth):
        if index == missing:
            continue
        middle = step * (index + 0.5) + dice.uniform(-0.03, 0.03) * step
        _tooth(
            draw,
            middle,
            step * 0.86,
            gum,
            height,
            crown=index == crown,
            root_filling=index == root_filling,
            cavity=index == cavity,
        )
    picture = picture.resize(size, Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(1.3))
    return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if upper else picture


def _tooth(
    draw: ImageDraw.ImageDraw,
    middle: float,
    width: float,
    gum: float,
    height: int,
    *,
    crown: bool,
    root_filling: bool,
    cavity: bool,
) -> None:
    top, neck, tip = gum - height * 0.27, gum + height * 0.03, gum + height * 0.44
    half, waist = width / 2, width * 0.36
    for side in (-1, 1):
        apex = middle + side * width * 0.25
        draw.polygon(
            [(middle - side * waist * 0.06, neck), (middle + side * waist, neck), (apex + side * 9, tip), (apex, tip)],
            fill=142,
        )
        draw.line([(middle + side * width * 0.13, neck), (apex + side * 4, tip - 12)], fill=78, width=5)
    enamel = 246 if crown else 206
    draw.rounded_rectangle([middle - half, top, middle + half, neck + 4], radius=int(width * 0.24), fill=enamel)
    if not crown:
        draw.rounded_rectangle(
            [middle - half * 0.72, top + height * 0.06, middle + half * 0.72, neck + 6], radius=16, fill=164
        )
        draw.ellipse([middle - half * 0.26, top + height * 0.12, middle + half * 0.26, neck + 4], fill=88)
    if root_filling:
        for side in (-1, 1):
            draw.line(
                [(middle + side * width * 0.08, neck - 18), (middle + side * width * 0.27, tip - 8)], fill=250, width=9
            )
    if cavity:
        draw.ellipse([middle + half * 0.42, top + height * 0.07, middle + half * 1.0, top + height * 0.17], fill=58)


def _speckle(picture: Image.Image, dice: random.Random, *, top: int, strength: int) -> None:
    """Give the bone its grain."""
    small = (picture.width // 14, max(1, (picture.height - top) // 14))
    grey = bytes(dice.randrange(128 - strength, 128 + strength) for _ in range(math.prod(small)))
    grain = Image.frombytes("L", small, grey).resize((picture.width, picture.height - top), Image.Resampling.BICUBIC)
    bone = picture.crop((0, top, picture.width, picture.height))
    picture.paste(ImageChops.add(bone, grain, offset=-128), (0, top))


def panorama(seed: int, size: tuple[int, int] = (520, 250)) -> Image.Image:
    """A panoramic image: both jaws, with the bite bent like a smile."""
    above = radiograph(seed, (size[0], size[1] // 2), 11, upper=True)
    below = radiograph(seed + 1, (size[0], size[1] // 2), 11, missing=7)
    flat = Image.new("L", size, 16)
    flat.paste(above, (0, 0))
    flat.paste(below, (0, size[1] // 2))
    bent = Image.new("L", size, 10)
    for x in range(size[0]):
        drop = int(26 * (1 - (2 * x / size[0] - 1) ** 2)) - 13
        bent.paste(flat.crop((x, 0, x + 1, size[1])), (x, drop))
    return bent.filter(ImageFilter.GaussianBlur(0.8))


def photo(seed: int, size: tuple[int, int] = (360, 240)) -> Image.Image:
    """An intraoral photograph, near enough: teeth on gum."""
    dice = random.Random(seed)
    picture = Image.new("RGB", size, (128, 46, 52))
    draw = ImageDraw.Draw(picture)
    draw.ellipse([-60, 40, size[0] + 60, size[1] + 120], fill=(198, 104, 108))
    step = size[0] / 6
    for index in range(6):
        left = step * index + 3
        top = 62 + 10 * abs(index - 2.5) + dice.uniform(-3, 3)
        shade = 232 - 5 * abs(index - 2)
        draw.rounded_rectangle(
            [left, top, left + step - 5, top + 108], radius=20, fill=(int(shade), int(shade - 6), int(shade - 26))
        )
    return picture.filter(ImageFilter.GaussianBlur(1.4))


# --- Files -----------------------------------------------------------------------------------------------------------


def jpeg(picture: Image.Image) -> bytes:
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=78, optimize=True)
    return made.getvalue()


def png(picture: Image.Image, colors: int = 32) -> bytes:
    made = io.BytesIO()
    picture.quantize(colors).save(made, "PNG", optimize=True)
    return made.getvalue()


def tiff(pictures: list[Image.Image]) -> bytes:
    made = io.BytesIO()
    first, *others = (picture.quantize(48).convert("L") for picture in pictures)
    first.save(made, "TIFF", save_all=True, append_images=others, compression="tiff_adobe_deflate")
    return made.getvalue()


def pdf(title: str, lines: list[str], picture: Image.Image) -> bytes:
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    made = io.BytesIO()
    page = Canvas(made, pagesize=(612, 792), invariant=1, pageCompression=1)
    page.setTitle(title)
    page.setFont("Helvetica-Bold", 16)
    page.drawString(72, 710, title)
    page.setFont("Helvetica", 11)
    for number, line in enumerate(lines):
        page.drawString(72, 680 - 16 * number, line)
    page.drawImage(ImageReader(io.BytesIO(jpeg(picture))), 72, 300, 420, 300)
    page.save()
    return made.getvalue()


def docx(paragraphs: list[str]) -> bytes:
    import docx as python_docx

    document = python_docx.Document()
    document.core_properties.created = document.core_properties.modified = datetime(*LONG_AGO[:3])
    document.core_properties.author = "Example Dental"
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    written = io.BytesIO()
    document.save(written)
    made = io.BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():  # again, with times of no day in particular
            target.writestr(zipfile.ZipInfo(name, LONG_AGO), source.read(name), zipfile.ZIP_DEFLATED)
    return made.getvalue()


def dicom(picture: Image.Image) -> bytes:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "2.25.101"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = "2.25.100"
    image = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.StudyInstanceUID, image.SeriesInstanceUID = "2.25.102", "2.25.103"
    image.Modality = "DX"
    image.PatientName, image.PatientID = "Example^Robin", "SAMPLE-5"
    image.StudyDate = "20260115"
    image.Rows, image.Columns = picture.height, picture.width
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit, image.PixelRepresentation = 7, 0
    image.PixelData = picture.convert("L").tobytes()
    made = io.BytesIO()
    image.save_as(made, enforce_file_format=True)
    return made.getvalue()


def sidecar(number: int, first: str, last: str, born: str, served: str, **more: Any) -> bytes:
    """A sidecar. Submitter and tax id are left to the store's settings; a field given as `...` is left out."""
    fields: dict[str, Any] = {
        "claimId": f"CLM-2026-{number:04}",
        "payerId": "60054",
        "memberId": f"W{7_000_000 + 1307 * number}",
        "patientFirstName": first,
        "patientLastName": last,
        "patientDateOfBirth": born,
        "dateOfService": served,
        "providerNPI": NPI,
    }
    fields |= more
    return (json.dumps({key: value for key, value in fields.items() if value is not ...}, indent=2) + "\n").encode()


# --- The samples -----------------------------------------------------------------------------------------------------


def good() -> dict[str, bytes]:
    """Packets of different types, each form of sidecar once."""
    narrative = [
        "Patient: Pat Example    Tooth: 14    Procedure: D2740",
        "Fracture of the mesiobuccal cusp with recurrent decay below the old filling.",
        "A filling would not hold; a ceramic crown is indicated. Radiograph below.",
    ]
    return {
        "crown-14.pdf": pdf("Narrative: crown on tooth 14", narrative, radiograph(1, crown=2)),
        "crown-14.json": sidecar(101, "Pat", "Example", "1980-02-29", "2026-01-15"),
        "full-mouth-series.tif": tiff([radiograph(20 + page, (260, 190), 3, upper=page % 2 == 0) for page in range(4)]),
        "full-mouth-series.tif.json": sidecar(102, "Jordan", "Sample", "1992-11-03", "2026-01-12"),
        "bitewing-left.jpg": jpeg(radiograph(30, cavity=1)),
        "bitewing-right.png": png(radiograph(31, (360, 250), upper=True)),
        "bitewings.json": sidecar(
            103, "Casey", "Specimen", "2012-06-21", "2026-01-14", files=["bitewing-left.jpg", "bitewing-right.png"]
        ),
        "implant-19/before.jpg": jpeg(radiograph(40, missing=2)),
        "implant-19/after.jpg": jpeg(radiograph(40, crown=2, root_filling=2)),
        "implant-19/photo.jpg": jpeg(photo(41)),
        "implant-19/claim.json": sidecar(104, "Morgan", "Placeholder", "1967-09-09", "2026-01-08"),
        "panoramic-x-ray.dcm": dicom(panorama(50, (300, 150))),
        "panoramic-x-ray.json": sidecar(105, "Robin", "Example", "1955-04-17", "2026-01-15"),
        "gum-treatment.docx": docx(
            [
                "Narrative: scaling and root planing, lower right (D4341)",
                "Pockets of 5 to 7 mm at teeth 27 to 31, with bleeding on probing and bone loss in the radiographs.",
            ]
        ),
        "gum-treatment.json": sidecar(106, "Alex", "Testcase", "1974-12-01", "2026-01-13"),
        "root-canal-30.jpg": jpeg(radiograph(60, root_filling=1)),
        "root-canal-30.json": sidecar(
            107,
            "Sam",
            "Dummy",
            "1988-08-08",
            "2026-01-14",
            fileMetadata=[
                {
                    "fileName": "root-canal-30.jpg",
                    "serviceDate": "2026-01-14",
                    "procedureCodes": "D3330",
                    "toothNumbers": "30",
                }
            ],
        ),
    }


def bad() -> dict[str, bytes]:
    """One of each kind that does not go; `SCN_0007.jpg` waits for its sidecar."""
    torn = tiff([radiograph(90 + page, (260, 190), 3) for page in range(2)])
    return {
        "extraction-17.jpg": jpeg(radiograph(70, teeth=3)),
        "extraction-17.json": sidecar(
            201, "Drew", "Example", "1990-01-30", "2026-01-09", claimId=..., claimID2="CLM-2026-0201"
        ),
        "filling-3.png": png(radiograph(71, (360, 250), cavity=2)),
        "filling-3.json": sidecar(202, "Taylor", "Sample", "2001-07-19", "2026-01-09", providerNPI="1234567890"),
        "referral-letter.pdf": png(photo(72)),
        "referral-letter.json": sidecar(203, "Jamie", "Specimen", "1979-03-05", "2026-01-09"),
        "wisdom-teeth.jpg": jpeg(panorama(73)),
        "wisdom-teeth.json": sidecar(204, "Riley", "Testcase", "2003-10-26", "2026-01-07"),
        "wisdom-teeth.jpg.json": sidecar(205, "Quinn", "Testcase", "2005-02-11", "2026-01-07"),
        "check-up.tif": torn[: len(torn) * 2 // 3],
        "check-up.json": sidecar(206, "Avery", "Placeholder", "1963-05-24", "2026-01-06"),
        "SCN_0007.jpg": jpeg(radiograph(75)),
    }


def main() -> None:
    """Write every sample anew."""
    for name, files in {"good": good(), "bad": bad()}.items():
        shutil.rmtree(ROOT / name, ignore_errors=True)
        for path, content in files.items():
            target = ROOT / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


if __name__ == "__main__":
    main()
