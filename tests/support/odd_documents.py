"""Documents as people really have them: odd, and opened by everything; or tidy, and closed. Synthetic."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib
from functools import cache

from tests.support import files
from tests.support.compound import compound
from tests.support.pdfs import pdf_by_hand, pdf_of_pictures, pdf_with_a_password, without
from tests.support.pictures import dicom_of, jpeg_that_names, jpeg_with_another_inside, png_of, two_page_tiff


def _pikepdf_saved(**options: object) -> bytes:
    import pikepdf

    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(files.pdf())) as document:
        document.save(made, **options)  # type: ignore[arg-type]
    return made.getvalue()


@cache
def locked_compressed_pdf() -> bytes:
    """A PDF with objects in streams and a cross-reference stream, that asks for a password."""
    import pikepdf

    return _pikepdf_saved(
        encryption=pikepdf.Encryption(user="secret", owner="other"),
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
    )


def glued_end(pdf: bytes) -> bytes:
    """Take out the line break between the last pointer and the end mark."""
    head, mark, number = pdf.rpartition(b"startxref")
    return head + mark + b"\n" + number.split()[0] + b"%%EOF"


WORD = {"WordDocument": files.doc()[1536:], "1Table": b"t"}
"""The streams of a Word document."""


def docx_with(
    main: str = "word/document.xml", slash: str = "/", body: str = "text", target: str = "", encoding: str = "utf-8"
) -> bytes:
    """A Word document whose main part has this name, its parts' names written with `slash`."""
    made = io.BytesIO()
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    types = f'<Types><Override PartName="/{main}" ContentType="{kind}"/></Types>'
    rel = f'<Relationships><Relationship Type="http://x/officeDocument" Target="{target or main}"/></Relationships>'
    with zipfile.ZipFile(made, "w") as archive:
        parts = {"[Content_Types].xml": types, "_rels/.rels": rel, main: f"<w:document>{body}</w:document>"}
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name.replace("/", slash)), text.encode(encoding))
    return made.getvalue()


def bmp_with(size: int = 0, reserved: int = 0) -> bytes:
    """A BMP with another size in its header, and with its reserved words used."""
    data = bytearray(files.bmp())
    struct.pack_into("<II", data, 2, size or len(data), reserved)
    return bytes(data)


def bmp_of(width: int, height: int) -> bytes:
    """A BMP that names other sides than it has."""
    data = bytearray(files.bmp())
    struct.pack_into("<ii", data, 18, width, height)
    return bytes(data)


def bmp_of_masks() -> bytes:
    """A BMP of 16 bits a point, four a colour, as few readers know; 8 rows of 8 points are there."""
    head = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 16, 3, 128, 2835, 2835, 0, 0)
    masks = struct.pack("<IIII", 0x0F00, 0x00F0, 0x000F, 0xF000)
    start = 14 + len(head) + len(masks)
    return b"BM" + struct.pack("<III", start + 128, 0, start) + head + masks + bytes(128)


def png_with(kind: bytes, data: bytes) -> bytes:
    """A PNG with another chunk before its picture."""
    png = files.png()
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return png[:33] + chunk + png[33:]


def gif_of_a_canvas(side: int) -> bytes:
    """A GIF with a very wide canvas, and nothing on it."""
    point = b"\x2c" + bytes(4) + b"\1\0\1\0\0\2\2\x44\1\0"
    return b"GIF89a" + struct.pack("<HH", side, side) + b"\x80\0\0" + bytes(6) + point + b";"


def bare_dicom(implicit: bool = False) -> bytes:
    """A DICOM data set without preamble and meta group."""
    import pydicom
    from pydicom.filewriter import write_dataset

    found = pydicom.dcmread(io.BytesIO(files.dicom()))
    made = pydicom.filebase.DicomBytesIO()
    made.is_little_endian, made.is_implicit_VR = True, implicit
    write_dataset(made, found)
    return bytes(made.getvalue())


def tiff_with_counts_too_large(by: int = 6, packed: int = 1, samples: int = 1) -> bytes:
    """A TIFF, said to be packed in some way or none, whose strip names more bytes than there are behind it."""
    pixels = bytes(range(64)) * 48
    entries = [
        (256, 64),
        (257, 48),
        (258, 8),
        (259, packed),
        (262, 1),
        (273, 0),
        (277, samples),
        (278, 48),
        (279, len(pixels) + by),
    ]
    at = 8 + 2 + 12 * len(entries) + 4
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, at if tag == 273 else value) for tag, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + rows + bytes(4) + pixels


def opening() -> dict[str, bytes]:
    """What every program opens."""
    pdf, note = files.pdf(), "Narrative for the claim: crown on tooth 14."
    return {
        "long-tail.pdf": pdf + b"\n<!-- added -->" * 3000,
        "short-tail.pdf": pdf + b"\0\r\n",
        "no-end-mark.pdf": pdf.rpartition(b"%%EOF")[0],
        "junk-before.pdf": b"HTTP/1.1 200 OK\r\n\r\n" + pdf,
        "compressed.pdf": _pikepdf_saved(),
        "linearized.pdf": _pikepdf_saved(linearize=True),
        "numbered-high.pdf": pdf_by_hand(156_324),
        "numbered-high-and-off.pdf": pdf_by_hand(8_797, off_by=3),
        "numbered-highest.pdf": pdf_by_hand(8_388_600),
        "numberless-pages.pdf": pdf_by_hand().replace(b"/Count 1>>", b"/Count 9999999999>>"),
        "locked-inside.pdf": pdf_with_a_password(for_streams=False, for_strings=False),
        "restricted.pdf": files.encrypted_pdf(to_open=False),
        "size-too-large.bmp": bmp_with(size=99_999),
        "size-zero.bmp": bmp_with(size=1),
        "reserved.bmp": bmp_with(reserved=0x00070003),
        "pictures.pdf": pdf_of_pictures(2),
        "whole-rows.png": png_of(100, 100, 0),
        "all-points.dcm": dicom_of(64, bytes(8192)),
        "no-last-pointer.tif": two_page_tiff()[:-4],
        "small-picture-inside.jpg": jpeg_with_another_inside(),
        "zeros-behind.jpg": files.jpeg() + bytes(4096),
        "no-end-and-zeros.jpg": files.jpeg()[:-2] + bytes(4096),
        "no-end.jpg": files.jpeg()[:-2],
        "long-tail.jpg": files.jpeg() + b"x" * 200_000,
        "no-trailer.gif": files.gif()[:-1],
        "long-tail.png": files.png() + bytes(100_000) + b"x" * 100_000,
        "counts.tif": tiff_with_counts_too_large(),
        "counts-2000.tif": tiff_with_counts_too_large(2000),
        "counts-of-something-else.tif": tiff_with_counts_too_large(35_000_000),
        "packed-as-few-can.tif": tiff_with_counts_too_large(0, packed=50001),
        "masks.bmp": bmp_of_masks(),
        "much-text.png": png_with(b"zTXt", b"about\0\0" + zlib.compress(b"tooth " * 2_000_000)),
        "odd-profile.png": png_with(b"iCCP", b"colours\0\7" + zlib.compress(b"no profile")),
        "second-document.docx": docx_with("word/document2.xml"),
        "other-folder.docx": docx_with("word/main/body.xml"),
        "backslashes.docx": docx_with(slash="\\"),
        "at-the-root.docx": docx_with("document.xml"),
        "own-folder.docx": docx_with("docs/main.xml"),
        "capitals.docx": docx_with("Word/Document.xml", target="word/document.XML"),
        "from-here.docx": docx_with("word/document2.xml", target="./word/document2.xml"),
        "wide.docx": docx_with(encoding="utf-16"),
        "word.doc": files.doc(),
        "large.doc": compound({"Data": bytes(9 << 20), **WORD}),
        "locked-table-inside.doc": compound({**WORD, "ObjectPool": {"EncryptedPackage": bytes(5000)}}),
        "behind-words.pdf": b"Scanned by MFP 3" + pdf,
        "behind-a-print-job.pdf": b"\x1b%-12345X" + pdf,
        "postscripts-header.pdf": pdf.replace(b"%PDF-1.", b"%!PS-Adobe-3.0 PDF-1.", 1),
        "received.txt": b"Received: 3 x-rays from Dr. Lee.\r\nTooth 14.",
        "program-by-name.txt": "MZ: paciente se\u00f1or".encode("cp1252"),
        "film-by-name.txt": "Dear Dr AVI Patel, Se\u00f1ora".encode(),
        "names-a-pdf.txt": b"The scanner said: file begins with %PDF-1.4, see IT.",
        "capitals.doc": files.doc("WORDDOCUMENT"),
        "mark.rtf": b"\xef\xbb\xbf" + files.rtf(),
        "behind.rtf": files.rtf() + b"\0\0 -- sent by a copier",
        "brace-short.rtf": files.rtf().rstrip()[:-1] + b"{\\*\\latentstyles}\n",
        "explicit.dcm": bare_dicom(),
        "padded.txt": note.encode() + bytes(500),
        "wide.txt": note.encode("utf-16-le"),
        "wide-other.txt": note.encode("utf-16-be"),
        "begins-like-another.txt": b"FILE 0012 of the practice\r\n",
    }


def closed() -> dict[str, tuple[bytes, str, str]]:
    """What nobody who gets it can open, or that is something else: with words of the reason, and of what to do."""
    return {
        "locked.pdf": (files.encrypted_pdf(), "password", "print it to a new PDF"),
        "locked-compressed.pdf": (locked_compressed_pdf(), "password", "print it to a new PDF"),
        "locked-glued.pdf": (glued_end(locked_compressed_pdf()), "password", "print it to a new PDF"),
        "locked-behind-junk.pdf": (
            b"\r\n-- mail --\r\n" + locked_compressed_pdf(),
            "password",
            "print it to a new PDF",
        ),
        "locked-strings.pdf": (pdf_with_a_password(for_streams=False, for_strings=True), "password", "new PDF"),
        "locked-streams.pdf": (pdf_with_a_password(for_streams=True, for_strings=False), "password", "new PDF"),
        "numbered-high-half.pdf": (pdf_by_hand(156_324)[:330], "not complete", "new PDF"),
        "page-gone.pdf": (pdf_by_hand().replace(b"/Count 1", b"/Count 2"), "only 1 of its 2", "new PDF"),
        "no-contents.pdf": (without(pdf_by_hand(), 4), "page 1 shows", "new PDF"),
        "no-picture.pdf": (without(pdf_of_pictures(), 5), "page 1 shows", "new PDF"),
        "no-second-picture.pdf": (without(pdf_of_pictures(2), 8), "page 2 shows", "new PDF"),
        "no-second-page.pdf": (without(pdf_of_pictures(2), 6), "is missing", "new PDF"),
        "no-page.pdf": (files.compressed_pdf(), "no page", "new PDF"),
        "half.pdf": (files.pdf()[:1100], "not complete", "new PDF"),
        "locked.doc": (files.doc(flags=0x0100), "password", "in Word"),
        "obfuscated.doc": (files.doc(flags=0x8100), "password", "in Word"),
        "rights.doc": (compound({**WORD, "\tDRMContent": b"x"}), "rights program", "new PDF"),
        "rights.pdf": (pdf_by_hand(trailer="/Encrypt<</Filter/FOPN_fLock/V 1>>"), "rights program", "new PDF"),
        "table-with-word-inside.xls": (compound({"Workbook": b"x", "MBD1": WORD}), "an Excel 97-2003 workbook", "PDF"),
        "slides-with-word-inside.ppt": (compound({"PowerPoint Document": b"x", "M": WORD}), "a PowerPoint", "PDF"),
        "cut.doc": (compound({**WORD, "Data": bytes(30_000)})[:20_000], "a part is missing", "again"),
        "coded.pdf": (base64.encodebytes(files.pdf()), "code of e-mails", "again"),
        "answer.pdf": (b'{"error": "document not found", "status": 404}', "web service", "again"),
        "drawing.pdf": (b"<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/></svg>", "XML", "PDF"),
        "clinical.pdf": (b"<?xml version='1.0'?><ClinicalDocument xmlns='urn:hl7-org:v3'/>", "XML", "PDF"),
        "part-of-a-page.pdf": (b"<p>Your session has expired. Log in again.</p>", "a web page", "PDF"),
        "shortcut.pdf": (b"[InternetShortcut]\r\nURL=https://example.com/scan.pdf\r\n", "link", "PDF"),
        "printed.pdf": (b"\x1b%-12345X@PJL JOB\r\n\x1bE text", "printer", "PDF"),
        "note.pdf": (b"Call Mrs. Berg about tooth 14.", "plain text", "Notepad"),
        "blank.txt": (b" \r\n\r\n", "nothing in it", "again"),
        "mark-alone.txt": (b"\xef\xbb\xbf", "nothing in it", "again"),
        "locked.docx": (files.doc("EncryptedPackage"), "password", "without one"),
        "half.jpg": (files.jpeg()[: len(files.jpeg()) * 3 // 4], "missing", "Scan it again"),
        "canvas.gif": (gif_of_a_canvas(65_000), "not complete", "Scan it again"),
        "rows.bmp": (bmp_of(3_000_000, 2_000_000), "not complete", "Scan it again"),
        "below-zero.bmp": (bmp_of(-127, 64), "not complete", "Scan it again"),
        "samples.tif": (tiff_with_counts_too_large(0, samples=65_535), "not complete", "Scan it again"),
        "half-its-rows.png": (png_of(100, 100, 0, rows=50), "missing", "Scan it again"),
        "half-its-rows-interlaced.png": (png_of(16, 16, 0, rows=4, interlaced=True), "missing", "Scan it again"),
        "no-palette.png": (png_of(9, 9, 3), "not complete", "Scan it again"),
        "ended-early.jpg": (files.jpeg()[: len(files.jpeg()) * 3 // 4] + b"\xff\xd9", "missing", "Scan it again"),
        "sides-without-data.jpg": (jpeg_that_names(64_250), "missing", "Scan it again"),
        "room-reserved.jpg": (
            files.jpeg()[: len(files.jpeg()) * 3 // 4].ljust(len(files.jpeg()), b"\0"),
            "missing",
            "Scan",
        ),
        "cut-directory.tif": (two_page_tiff()[:-30], "missing", "Scan it again"),
        "no-points.dcm": (dicom_of(64, b""), "missing", "X-ray"),
        "half-its-points.dcm": (dicom_of(64, bytes(4096)), "missing", "X-ray"),
        "one-of-its-frames.dcm": (dicom_of(64, bytes(8192), frames=3), "missing", "X-ray"),
        "half.png": (files.png()[: len(files.png()) // 2], "missing", "Scan it again"),
        "half.tif": (files.tiff()[: len(files.tiff()) // 2], "not complete", "Scan it again"),
        "torn.docx": (docx_with(body="<w:p><w:r></w:p>"), "cannot be read", "in Word"),
        "half.docx": (files.docx()[: len(files.docx()) // 2], "not complete", "in Word"),
        "half.dcm": (files.dicom()[: len(files.dicom()) // 2], "not complete", "X-ray"),
        "cut-in-its-text.rtf": (files.rtf().rstrip()[:-12], "missing", "in Word"),
        "cut-before-its-text.rtf": (files.rtf().split(b"\\f0\\fs24")[0], "missing", "in Word"),
        "cut-behind-a-paragraph.rtf": (files.rtf().rstrip()[:-1], "missing", "in Word"),
        "page.doc": (b"<!DOCTYPE html>\n<html><body>Narrative</body></html>", "a web page", "in Word"),
        "page.txt": (b"\xef\xbb\xbf<html><body>Narrative</body></html>", "a web page", "PDF"),
        "saved-page.doc": (
            b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n",
            "saved web page",
            "in Word",
        ),
        "xml.doc": (b"<?xml version='1.0'?><?mso-application progid=\"Word.Document\"?><w/>", "XML", ".docx"),
        "phone.jpg": (b"\0\0\0\x18ftypheic" + bytes(50), "HEIF", "as a JPG"),
        "web.png": (b"RIFF\x24\0\0\0WEBPVP8 " + bytes(50), "WebP", "as a JPG"),
        "film.jpg": (b"\0\0\0\x18ftypisom" + bytes(50), "a film", "picture"),
        "table.pdf": (files.xlsx(), "an Excel workbook", "PDF"),
        "packed.pdf": (b"7z\xbc\xaf\x27\x1c" + bytes(50), "7-Zip", "Unpack"),
        "program.pdf": (b"MZ" + bytes(100), "a program", "IT"),
    }
