"""Packets that go: what is dropped, and what the service must have of it. Each has a claim ID of its own: its id."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support import files

ACCENTED = "Müller Röntgen é"


@dataclass(frozen=True)
class GoodPacket:
    """`drops`: files by the names under which they are dropped, sidecar last; `parts`: file names in wire order."""

    id: str
    drops: Mapping[str, bytes]
    parts: tuple[str, ...]
    name: str  # of NAME.receipt.json
    file_metadata: tuple[Mapping[str, str], ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)  # what of the metadata is not as in every sidecar

    @property
    def documents(self) -> dict[str, bytes]:
        """The bytes of each part, by its name on the wire."""
        by_base = {name.rpartition("/")[2]: data for name, data in self.drops.items()}
        return {name: by_base[name] for name in self.parts}


def good_packets() -> list[GoodPacket]:
    """Every packet that goes."""
    return [*_types(), *_names(), *_counts(), *_sidecar_forms(), *_encodings(), *_image_intelligence()]


def _single(case: str, name: str, data: bytes) -> GoodPacket:
    """One file, and a sidecar with its full name."""
    sidecar = files.sidecar(claimId=case)
    return GoodPacket(case, {name: data, f"{name}.json": sidecar}, (name,), name.rpartition(".")[0])


def _types() -> list[GoodPacket]:
    return [
        _single(f"type-{number}", f"type {number} {name}", data)
        for number, (name, data) in enumerate(files.every_type().items(), start=1)
    ]


def _names() -> list[GoodPacket]:
    nfc, nfd = (unicodedata.normalize(form, ACCENTED) for form in ("NFC", "NFD"))
    names = {
        "name-spaces": "bite wing  left",
        "name-nfc": f"{nfc} 1",
        "name-nfd": f"{nfd} 2",
        "name-emoji": "crown 🦷👍🏽",
        "name-quotes": 'it\'s "the" crown',
        "name-percent": "100%20 & ; = + #",
        "name-200": "x" * 196,
        "name-japanese": "歯科レントゲン",
        "name-dots": "scan.2026.01.15",
        "name-brackets": "crown [1] {2} (3)",
    }
    return [_stem(case, stem) for case, stem in names.items()]


def _stem(case: str, stem: str) -> GoodPacket:
    data = files.pdf() + case.encode()
    return GoodPacket(case, {f"{stem}.pdf": data, f"{stem}.json": files.sidecar(claimId=case)}, (f"{stem}.pdf",), stem)


def _counts() -> list[GoodPacket]:
    two = {"two/a.pdf": files.pdf(), "two/b.png": files.png(), "two/two.json": files.sidecar(claimId="count-2")}
    ten = {f"ten/page {page}.png": files.png() for page in range(1, 11)}
    return [
        GoodPacket("count-2", two, ("a.pdf", "b.png"), "two"),
        GoodPacket(
            "count-10",
            ten | {"ten/claim.json": files.sidecar(claimId="count-10")},
            tuple(f"page {page}.png" for page in range(1, 11)),
            "ten",
        ),
    ]


def _sidecar_forms() -> list[GoodPacket]:
    scan, picture = files.pdf(), files.jpeg()
    return [
        GoodPacket(
            "form-stem",
            {"form.pdf": scan, "form.jpg": picture, "form.json": files.sidecar(claimId="form-stem")},
            ("form.jpg", "form.pdf"),
            "form",
        ),
        GoodPacket(
            "form-full-name",
            {"full.PDF": scan, "full.PDF.json": files.sidecar(claimId="form-full-name")},
            ("full.PDF",),
            "full",
        ),
        GoodPacket(
            "form-upper-case",
            {"UP.JPG": picture, "UP.JSON": files.sidecar(claimId="form-upper-case")},
            ("UP.JPG",),
            "UP",
        ),
        GoodPacket(
            "form-list",
            {
                "zz last.pdf": scan,
                "aa first.jpg": picture,
                "listing.json": files.sidecar(claimId="form-list", files=["zz last.pdf", "aa first.jpg"]),
            },
            ("zz last.pdf", "aa first.jpg"),
            "listing",
        ),
        GoodPacket(
            "form-list-of-nfd-names",
            {
                unicodedata.normalize("NFD", "liste é.pdf"): scan,
                "liste.json": files.sidecar(claimId="form-list-of-nfd-names", files=["liste é.pdf"]),
            },
            (unicodedata.normalize("NFD", "liste é.pdf"),),
            "liste",
        ),
        GoodPacket(
            "form-folder",
            {
                "Smith, Anna (D2740)/x-ray.pdf": scan,
                "Smith, Anna (D2740)/photo.jpg": picture,
                "Smith, Anna (D2740)/claim.json": files.sidecar(claimId="form-folder"),
            },
            ("photo.jpg", "x-ray.pdf"),
            "Smith, Anna (D2740)",
        ),
        GoodPacket(
            "form-request-inside",
            {"inside.pdf": scan, "inside.json": b'{"request": ' + files.sidecar(claimId="form-request-inside") + b"}"},
            ("inside.pdf",),
            "inside",
        ),
    ]


def _encodings() -> list[GoodPacket]:
    def sidecar(case: str) -> str:
        return files.sidecar(claimId=case, patientLastName="Müller-Åström").decode()

    def packet(case: str, data: bytes) -> GoodPacket:
        drops = {f"{case}.pdf": files.pdf(), f"{case}.json": data}
        return GoodPacket(case, drops, (f"{case}.pdf",), case, metadata={"patientLastName": "Müller-Åström"})

    return [
        packet("encoding-utf-8-bom", sidecar("encoding-utf-8-bom").encode("utf-8-sig")),
        packet("encoding-utf-16", sidecar("encoding-utf-16").encode("utf-16")),
        packet("encoding-utf-16-be", b"\xfe\xff" + sidecar("encoding-utf-16-be").encode("utf-16-be")),
        packet(
            "encoding-escapes",
            sidecar("encoding-escapes").encode("ascii", "backslashreplace").replace(b"\\x", b"\\u00"),
        ),
    ]


def _image_intelligence() -> list[GoodPacket]:
    def entry(name: str, **changes: Any) -> dict[str, Any]:
        return {"fileName": name, "procedureCodes": ["D2740"], "toothNumbers": ["14"]} | changes

    two = [
        entry("ii-2 bitewing.png", procedureCodes="D0120, D0274", toothNumbers="3,14"),
        entry("ii-2 crown.jpg", serviceDate="2026-01-16"),
    ]
    return [
        GoodPacket(
            "ii-1",
            {"ii-1.png": files.png(), "ii-1.json": files.sidecar(claimId="ii-1", fileMetadata=[entry("ii-1.png")])},
            ("ii-1.png",),
            "ii-1",
            file_metadata=({"fileName": "ii-1.png", "mimeType": "image/png", "toothNumbers": "14"},),
        ),
        GoodPacket(
            "ii-2",
            {
                "ii-2 bitewing.png": files.png(),
                "ii-2 crown.jpg": files.jpeg(),
                "ii-2.json": files.sidecar(
                    claimId="ii-2", files=["ii-2 bitewing.png", "ii-2 crown.jpg"], fileMetadata=two
                ),
            },
            ("ii-2 bitewing.png", "ii-2 crown.jpg"),
            "ii-2",
            file_metadata=(
                {"fileName": "ii-2 bitewing.png", "mimeType": "image/png"},
                {"fileName": "ii-2 crown.jpg", "mimeType": "image/jpeg", "serviceDate": "2026-01-16"},
            ),
        ),
    ]
