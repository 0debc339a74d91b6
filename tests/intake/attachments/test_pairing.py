"""Pairing: what the looks saw and what the sidecars say, in; candidates, out."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.folder.settling import FileLook, FileStatus
from agent.intake.attachments.pairing import pair
from agent.intake.attachments.sidecar import Sidecar
from agent.model import Candidate, Problem, Readiness
from tests.support.looks import look

PLAIN = Sidecar()
BROKEN = Problem("sidecar-unreadable", "The sidecar cannot be read.", "Mend it.")
NOT_SETTLED = [status for status in FileStatus if status is not FileStatus.SETTLED]


def lists(*names: str) -> Sidecar:
    return Sidecar(files=names, lists_files=True)


def short(candidate: Candidate) -> str:
    """A candidate in one line: `name: files + sidecar = readiness, and what is missing or wrong`."""
    names = " ".join(file.name for file in candidate.files) or "-"
    sidecar = f" + {candidate.sidecar.name}" if candidate.sidecar else ""
    problem = f" {candidate.problem.code}" if candidate.problem else ""
    missing = f" for {' '.join(candidate.missing)}" if candidate.missing else ""
    return f"{candidate.name}: {names}{sidecar} = {candidate.readiness}{problem}{missing}"


@dataclass(frozen=True)
class Case:
    id: str
    names: list[str]
    expected: list[str]
    sidecars: dict[str, Sidecar | Problem] = field(default_factory=dict)
    nested: list[str] = field(default_factory=list)
    returned: dict[str, str] = field(default_factory=dict)
    index_files: list[str] = field(default_factory=list)


def paired(case: Case) -> list[str]:
    looks = [look(name) for name in case.names]
    said = {name: PLAIN for name in case.names if name.lower().endswith(".json")} | case.sidecars
    return [short(candidate) for candidate in pair(looks, said, case.nested, case.returned, case.index_files)]


CASES = [
    Case("nothing", [], []),
    Case("by the stem", ["scan.json", "scan.pdf"], ["scan: scan.pdf + scan.json = ready"]),
    Case(
        "all of the stem, in the order of names",
        ["scan.json", "scan.tif", "scan.pdf", "scan.JPG"],
        ["scan: scan.JPG scan.pdf scan.tif + scan.json = ready"],
    ),
    Case("by the whole name", ["scan.pdf.json", "scan.pdf"], ["scan: scan.pdf + scan.pdf.json = ready"]),
    Case(
        "the whole name leaves its neighbour alone",
        ["scan.pdf", "scan.pdf.json", "scan.tif"],
        ["scan: scan.pdf + scan.pdf.json = ready", "scan: scan.tif = waiting"],
    ),
    Case("upper and lower case", ["scan.json", "SCAN.PDF"], ["scan: SCAN.PDF + scan.json = ready"]),
    Case("a sidecar in upper case", ["SCAN.JSON", "scan.pdf"], ["SCAN: scan.pdf + SCAN.JSON = ready"]),
    Case(
        "composed and decomposed accents",
        [unicodedata.normalize("NFC", "née.json"), unicodedata.normalize("NFD", "née.pdf")],
        [
            f"{unicodedata.normalize('NFC', 'née')}: {unicodedata.normalize('NFD', 'née.pdf')} + "
            f"{unicodedata.normalize('NFC', 'née.json')} = ready"
        ],
    ),
    Case(
        "never by likeness",
        ["scan1.json", "scan.pdf"],
        ["scan1: - + scan1.json = waiting for scan1.*", "scan: scan.pdf = waiting"],
    ),
    Case(
        "each to its own",
        ["a.json", "a.pdf", "b.json", "b.pdf"],
        ["a: a.pdf + a.json = ready", "b: b.pdf + b.json = ready"],
    ),
    Case(
        "files wait, each alone",
        ["a.pdf", "a.tif", "b.xyz"],
        ["a: a.pdf = waiting", "a: a.tif = waiting", "b: b.xyz = waiting"],
    ),
    Case("a sidecar waits for its file", ["scan.json"], ["scan: - + scan.json = waiting for scan.*"]),
    Case("a sidecar waits for its one file", ["scan.PDF.json"], ["scan.PDF: - + scan.PDF.json = waiting for scan.PDF"]),
    Case(
        "by a list, in its order",
        ["claim.json", "b.pdf", "A.pdf"],
        ["claim: b.pdf A.pdf + claim.json = ready"],
        {"claim.json": lists("b.pdf", "a.pdf")},
    ),
    Case(
        "a list goes before the stem",
        ["scan.json", "scan.pdf", "other.pdf"],
        ["scan: other.pdf + scan.json = ready", "scan: scan.pdf = waiting"],
        {"scan.json": lists("other.pdf")},
    ),
    Case(
        "a list waits for what is absent",
        ["claim.json", "a.pdf"],
        ["claim: a.pdf + claim.json = waiting for b.pdf c.pdf"],
        {"claim.json": lists("a.pdf", "b.pdf", "c.pdf")},
    ),
    Case(
        "a broken sidecar fails with what bears its name",
        ["scan.json", "scan.pdf", "other.pdf"],
        ["scan: scan.pdf + scan.json = faulty sidecar-unreadable", "other: other.pdf = waiting"],
        {"scan.json": BROKEN},
    ),
    Case(
        "a broken sidecar fails alone",
        ["scan.json"],
        ["scan: - + scan.json = faulty sidecar-unreadable"],
        {"scan.json": BROKEN},
    ),
    Case(
        "two sidecars for one file",
        ["scan.json", "scan.pdf", "scan.pdf.json", "scan.tif", "other.pdf"],
        ["scan: scan.pdf scan.tif scan.pdf.json + scan.json = faulty two-sidecars", "other: other.pdf = waiting"],
    ),
    Case(
        "two lists with one file, and all that they claim",
        ["a.json", "b.json", "1.pdf", "2.pdf", "3.pdf"],
        ["a: 1.pdf 2.pdf 3.pdf b.json + a.json = faulty two-sidecars"],
        {"a.json": lists("1.pdf", "2.pdf"), "b.json": lists("2.pdf", "3.pdf")},
    ),
    Case(
        "a chain of claims",
        ["a.json", "b.json", "c.json", "1.pdf", "2.pdf"],
        ["a: 1.pdf 2.pdf b.json c.json + a.json = faulty two-sidecars"],
        {"a.json": lists("1.pdf"), "b.json": lists("2.pdf"), "c.json": lists("1.pdf", "2.pdf")},
    ),
    Case(
        "a contested file fails though another is absent",
        ["a.json", "b.json", "1.pdf"],
        ["a: 1.pdf b.json + a.json = faulty two-sidecars"],
        {"a.json": lists("1.pdf", "absent.pdf"), "b.json": lists("1.pdf")},
    ),
    Case(
        "names that differ by case only",
        ["scan.json", "scan.pdf", "SCAN.pdf"],
        ["scan: SCAN.pdf scan.pdf + scan.json = faulty names-alike"],
    ),
    Case(
        "listed names that differ by case only",
        ["claim.json", "scan.pdf", "Scan.pdf"],
        ["claim: Scan.pdf scan.pdf + claim.json = faulty names-alike"],
        {"claim.json": lists("scan.pdf")},
    ),
    Case(
        "two readings of one sidecar's name",
        ["scan.pdf", "scan.pdf.tif", "scan.pdf.json"],
        ["scan: scan.pdf scan.pdf.tif + scan.pdf.json = faulty sidecar-ambiguous"],
    ),
    Case(
        "a folder is one packet",
        ["claim 7/Claim 7.json", "claim 7/page10.tif", "claim 7/page9.tif", "scan.pdf"],
        [
            "scan: scan.pdf = waiting",
            "claim 7: claim 7/page9.tif claim 7/page10.tif + claim 7/Claim 7.json = ready",
        ],
    ),
    *(
        Case(
            f"a folder's sidecar by its usual name, {card}",
            [f"f/{card}", "f/a.pdf", "f/b.pdf"],
            [f"f: f/a.pdf f/b.pdf + f/{card} = ready"],
        )
        for card in ("claim.json", "Metadata.JSON", "sidecar.json", "F.json")
    ),
    Case(
        "a folder's sidecar of one stem", ["f/a.json", "f/a.pdf", "f/a.tif"], ["f: f/a.pdf f/a.tif + f/a.json = ready"]
    ),
    Case("a folder's sidecar of one file", ["f/a.pdf.json", "f/a.pdf"], ["f: f/a.pdf + f/a.pdf.json = ready"]),
    Case("put aside: more than the sidecar's own", ["f/a.json", "f/a.pdf", "f/b.pdf"], []),
    Case("put aside: a sidecar of another name", ["f/any.json", "f/a.pdf"], []),
    Case("put aside: several packets", ["f/a.json", "f/a.pdf", "f/b.json", "f/b.pdf"], []),
    Case("put aside: a file beside its neighbour's packet", ["f/a.json", "f/a.pdf", "f/b.json", "f/c.pdf"], []),
    Case("put aside: one file of two", ["f/a.pdf.json", "f/a.pdf", "f/a.tif"], []),
    Case(
        "a retry is a packet, whatever its sidecar is called",
        ["a (2)/x.json", "a (2)/1.pdf", "b/b.json", "b/c.json", "b/b.pdf"],
        [
            "a (2): a (2)/1.pdf + a (2)/x.json = faulty folder-unlisted-files",
            "b: b/b.pdf b/c.json + b/b.json = faulty folder-several-sidecars",
        ],
        returned={"a (2)": "p1", "b": "p2"},
    ),
    Case(
        "a retry from a folder that a shelf has numbered",
        ["Smith (2)/Smith.json", "Smith (2)/1.pdf"],
        ["Smith (2): Smith (2)/1.pdf + Smith (2)/Smith.json = ready"],
        returned={"Smith (2)": "p1"},
    ),
    Case(
        "marks of other programs are in no packet",
        [
            "scan.json",
            "scan.pdf",
            "scan.done",
            "scan.pdf.md5",
            "scan.LOCK",
            "scan.ctl",
            "f/f.json",
            "f/1.pdf",
            "f/1.done",
        ],
        ["scan: scan.pdf + scan.json = ready", "f: f/1.pdf + f/f.json = ready"],
    ),
    Case("a mark alone is no scan", ["scan.done"], []),
    Case(
        "index files by the settings",
        ["scan.json", "scan.pdf", "scan.XML", "scan.csv", "other.xml"],
        ["scan: scan.csv scan.pdf + scan.json = ready"],
        index_files=["*.xml", "*.json"],
    ),
    Case("a folder waits for its sidecar", ["f/a.pdf", "f/b.pdf"], ["f: f/a.pdf f/b.pdf = waiting"]),
    Case("a folder waits for its files", ["f/f.json"], ["f: - + f/f.json = waiting for *"]),
    Case("a sidecar put aside", ["f/a.json"], []),
    Case(
        "a folder's list",
        ["f/a.json", "f/1.pdf", "f/2.pdf"],
        ["f: f/2.pdf f/1.pdf + f/a.json = ready"],
        {"f/a.json": lists("2.pdf", "1.pdf")},
    ),
    Case(
        "a folder's list waits",
        ["f/a.json", "f/1.pdf"],
        ["f: f/1.pdf + f/a.json = waiting for 2.pdf"],
        {"f/a.json": lists("1.pdf", "2.pdf")},
    ),
    Case(
        "a folder with more than its list",
        ["f/a.json", "f/1.pdf", "f/2.pdf"],
        ["f: f/1.pdf f/2.pdf + f/a.json = faulty folder-unlisted-files"],
        {"f/a.json": lists("1.pdf")},
    ),
    Case(
        "a folder with a broken sidecar",
        ["f/claim.json", "f/1.pdf"],
        ["f: f/1.pdf + f/claim.json = faulty sidecar-unreadable"],
        {"f/claim.json": BROKEN},
    ),
    Case(
        "a folder with two sidecars",
        ["f/a.json", "f/b.json", "f/1.pdf"],
        ["f: f/1.pdf f/b.json + f/a.json = faulty folder-several-sidecars"],
    ),
    Case(
        "a folder with a folder inside",
        ["f/f.json", "f/1.pdf", "fo/fo.json", "fo/1.pdf"],
        ["f: f/1.pdf + f/f.json = faulty folder-inside-folder", "fo: fo/1.pdf + fo/fo.json = ready"],
        nested=["f/old"],
    ),
    Case(
        "a list reaches into no folder",
        ["claim.json", "f/a.pdf"],
        ["claim: - + claim.json = waiting for a.pdf", "f: f/a.pdf = waiting"],
        {"claim.json": lists("a.pdf")},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_what_belongs_together(case: Case) -> None:
    assert sorted(paired(case)) == sorted(case.expected)


@pytest.mark.parametrize("status", NOT_SETTLED)
@pytest.mark.parametrize("unsettled", ["scan.pdf", "scan.tif", "scan.json"])
def test_a_packet_settles_with_its_last_file(unsettled: str, status: FileStatus) -> None:
    looks = [look(name, status if name == unsettled else FileStatus.SETTLED) for name in ("scan.pdf", "scan.tif")]
    looks.append(look("scan.json", status if unsettled == "scan.json" else FileStatus.SETTLED))
    (candidate,) = pair(looks, {"scan.json": PLAIN})
    ready = "ready" if status is FileStatus.OVERDUE and unsettled != "scan.json" else "settling"
    assert short(candidate) == f"scan: scan.pdf scan.tif + scan.json = {ready}"


@pytest.mark.parametrize("status", NOT_SETTLED)
def test_a_folder_settles_with_its_last_file(status: FileStatus) -> None:
    (candidate,) = pair([look("f/f.json"), look("f/1.pdf"), look("f/2.pdf", status)], {"f/f.json": PLAIN})
    ready = Readiness.READY if status is FileStatus.OVERDUE else Readiness.SETTLING
    assert candidate.readiness is ready


@pytest.mark.parametrize("status", NOT_SETTLED)
def test_a_folder_is_undecided_while_its_sidecar_may_still_list_what_stands_there(status: FileStatus) -> None:
    found = pair([look("f/a.json", status), look("f/1.pdf")], {})
    expected = [] if status is FileStatus.OVERDUE else ["f: f/1.pdf + f/a.json = settling"]
    assert [short(candidate) for candidate in found] == expected


@pytest.mark.parametrize("status", NOT_SETTLED)
def test_the_claim_of_an_unsettled_sidecar_is_waited_for(status: FileStatus) -> None:
    looks = [look("claim.json"), look("scan.pdf"), look("scan.json", status)]
    (candidate,) = pair(looks, {"claim.json": lists("scan.pdf")})
    assert short(candidate) == "claim: scan.pdf scan.json + claim.json = settling"
    settled = [look("claim.json"), look("scan.pdf"), look("scan.json")]
    freed = pair(settled, {"claim.json": lists("scan.pdf"), "scan.json": lists("other.pdf")})
    assert [short(candidate) for candidate in freed] == [
        "claim: scan.pdf + claim.json = ready",
        "scan: - + scan.json = waiting for other.pdf",
    ]


def test_an_old_reading_of_a_sidecar_that_is_being_written_counts_for_nothing() -> None:
    looks = [look("claim.json", FileStatus.SETTLING), look("a.pdf")]
    found = pair(looks, {"claim.json": lists("a.pdf")})
    assert [short(candidate) for candidate in found] == ["claim: - + claim.json = settling", "a: a.pdf = waiting"]


def test_a_settled_sidecar_that_could_not_be_read_yet_is_waited_for() -> None:
    (candidate,) = pair([look("scan.json"), look("scan.pdf")], {})
    assert candidate.readiness is Readiness.SETTLING


def test_a_list_with_unusable_names_does_not_wait_for_the_others() -> None:
    from agent.model import Fault

    said = Sidecar(files=("absent.pdf",), lists_files=True, faults=(Fault("files", "../x", "leads out"),))
    (candidate,) = pair([look("claim.json")], {"claim.json": said})
    assert candidate.readiness is Readiness.READY  # to be checked, which tells every fault at once


@pytest.mark.parametrize(
    ("said", "kept"),
    [(PLAIN, False), (lists("scan.pdf"), True), (Sidecar(file_metadata=({"fileName": "scan.pdf"},)), True)],
    ids=["by the stem", "by a list", "by what is said of each file"],
)
def test_files_keep_their_names_where_the_sidecar_names_them(said: Sidecar, kept: bool) -> None:
    (candidate,) = pair([look("scan.json"), look("scan.pdf")], {"scan.json": said})
    assert candidate.keep_names is kept


def test_the_problem_names_each_contested_file_with_its_sidecars() -> None:
    (candidate,) = pair(
        [look("scan.json"), look("scan.pdf"), look("scan.pdf.json")], {"scan.json": PLAIN, "scan.pdf.json": PLAIN}
    )
    assert candidate.problem is not None
    assert [(fault.where, fault.value) for fault in candidate.problem.details] == [
        ("scan.pdf", "scan.json, scan.pdf.json")
    ]


NAMES = st.sampled_from(
    [
        "a.pdf",
        "A.pdf",
        "a.tif",
        "b.pdf",
        "a.json",
        "A.JSON",
        "b.json",
        "a.pdf.json",
        "a",
        "a.pdf.png",
        "f/a.pdf",
        "f/b.pdf",
        "f/a.json",
        "f/b.json",
        "g/a.pdf",
    ]
)
SAID = st.one_of(
    st.just(PLAIN),
    st.just(BROKEN),
    st.lists(st.sampled_from(["a.pdf", "a.tif", "b.pdf", "c.pdf"]), max_size=3, unique=True).map(lambda x: lists(*x)),
)


@given(st.dictionaries(NAMES, st.tuples(st.sampled_from(FileStatus), SAID), max_size=12))
def test_every_file_is_in_exactly_one_candidate_or_put_aside_in_a_folder_and_only_settled_ones_go(
    folder: dict[str, tuple[FileStatus, Sidecar | Problem]],
) -> None:
    looks: list[FileLook] = [look(name, status) for name, (status, _) in folder.items()]
    said = {name: told for name, (_, told) in folder.items() if name.lower().endswith(".json")}
    candidates = pair(looks, said)
    members = [member.name for candidate in candidates for member in candidate.members]
    assert len(members) == len(set(members))
    assert {name for name in folder if "/" not in name} <= set(members) <= set(folder)
    for candidate in candidates:
        settled = all(
            folder[member.name][0] is FileStatus.SETTLED
            or (folder[member.name][0] is FileStatus.OVERDUE and not member.name.lower().endswith(".json"))
            for member in candidate.members
        )
        assert (candidate.readiness is Readiness.SETTLING) is not settled
        assert (candidate.readiness is Readiness.FAULTY) is (candidate.problem is not None)
        if candidate.readiness is Readiness.READY:
            assert candidate.sidecar is not None
            assert not candidate.missing
