"""PDFs written by hand, object by object. Synthetic."""

from __future__ import annotations


def pdf_by_hand(first: int = 1, *, off_by: int = 0, trailer: str = "") -> bytes:
    """A PDF of one page whose objects are numbered from `first`, and whose table may point beside them."""
    bodies = (
        f"<</Type/Catalog/Pages {first + 1} 0 R>>",
        f"<</Type/Pages/Kids[{first + 2} 0 R]/Count 1>>",
        f"<</Type/Page/Parent {first + 1} 0 R/MediaBox[0 0 200 200]/Resources<<>>/Contents {first + 3} 0 R>>",
        "<</Length 20>>stream\n10 10 100 100 re f   \nendstream",
    )
    made, rows = b"%PDF-1.7\n", "0 1\n0000000000 65535 f \n"
    for number, body in enumerate(bodies, first):
        rows += f"{number} 1\n{len(made) + off_by:010} 00000 n \n"
        made += f"{number} 0 obj\n{body}\nendobj\n".encode()
    end = f"trailer<</Root {first} 0 R/Size {first + 4}{trailer}>>\nstartxref\n{len(made)}\n%%EOF\n"
    return made + f"xref\n{rows}{end}".encode()


def pdf_with_a_password(*, for_streams: bool, for_strings: bool) -> bytes:
    """A PDF whose password is for what is attached, and for its streams or its strings as said (ISO 32000-2, 7.6)."""
    ways = ("Identity", "StdCF")
    how = (
        f"/Filter/Standard/V 5/R 6/Length 256/P -4/O<{'5a' * 48}>/U<{'a5' * 48}>/OE<{'11' * 32}>/UE<{'22' * 32}>"
        f"/Perms<{'33' * 16}>/CF<</StdCF<</CFM/AESV3/Length 32/AuthEvent/EFOpen>>>>/EFF/StdCF"
        f"/StmF/{ways[for_streams]}/StrF/{ways[for_strings]}"
    )
    return pdf_by_hand(trailer=f"/Encrypt<<{how}>>/ID[<{'00' * 16}><{'00' * 16}>]")


def without(pdf: bytes, number: int) -> bytes:
    """The PDF without one of its objects: its row of the table is free."""
    start = pdf.index(b"\n%d 0 obj" % number) + 1
    lost = pdf[start : pdf.index(b"endobj", start) + 6]
    row = b"%d 1\n%010d 00000 n " % (number, start)
    return pdf.replace(lost, b" " * len(lost)).replace(row, b"%d 1\n0000000000 00000 f " % number)


def pdf_of_pictures(pages: int = 1) -> bytes:
    """A PDF whose pages each show one picture: objects 3, 4 and 5 are the first page, its contents and its picture."""
    kids = " ".join(f"{3 * page} 0 R" for page in range(1, pages + 1))
    bodies = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {pages}>>"]
    for n in range(3, 3 * pages + 1, 3):
        shown = f"/Contents {n + 1} 0 R/Resources<</XObject<</Im0 {n + 2} 0 R>>>>"
        bodies.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]{shown}>>")
        bodies.append("<</Length 26>>stream\nq 9 0 0 9 0 0 cm /Im0 Do Q\nendstream")
        about = "/Subtype/Image/Width 2/Height 2/ColorSpace/DeviceGray/BitsPerComponent 8"
        bodies.append(f"<</Type/XObject{about}/Length 4>>stream\n\x01\x02\x03\x04\nendstream")
    made, rows = b"%PDF-1.7\n", "0 1\n0000000000 65535 f \n"
    for number, body in enumerate(bodies, 1):
        rows += f"{number} 1\n{len(made):010} 00000 n \n"
        made += f"{number} 0 obj\n{body}\nendobj\n".encode()
    end = f"trailer<</Root 1 0 R/Size {len(bodies) + 1}>>\nstartxref\n{len(made)}\n%%EOF\n"
    return made + f"xref\n{rows}{end}".encode()
