"""What people write into the settings file by mistake, and the sentence that each mistake gives."""

from __future__ import annotations

import re
import sys

import pytest

from tests.support.settings import ATTACHMENTS, STATEMENTS, STORE, sentences_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the folders in these files are POSIX ones")

A = 'store[1] "main-street" attachments'
S = 'store[1] "main-street" statements'

IN_ATTACHMENTS = [
    ("settle_second = 3", f"{A}.settle_second: this key is not known. The nearest is settle_seconds."),
    ('clientId = "x"', f"{A}.clientId: this key is not known. The nearest is client_id."),
    ("senders = 4", f"{A}.senders: this key is not known here. It belongs in [agent]."),
    (
        'upload_name = "x"',
        f"{A}.upload_name: this key is not known here. It belongs in [store.statements.filename_rule].",
    ),
    (
        "printer = 'hunter2'",
        f"{A}.printer: this key is not known. Take the line out; outtray config schema lists every key.",
    ),
    ('settle_seconds = "3"', f'{A}.settle_seconds = "3": this is a text. Write it without quotes: 3'),
    ('settle_seconds = "soon"', f'{A}.settle_seconds = "soon": this is not a number. Write a number, without quotes.'),
    ("settle_seconds = true", f"{A}.settle_seconds = true: this is not a number. Write a number, without quotes."),
    ("settle_seconds = -1", f"{A}.settle_seconds = -1: this is below 0. Write 0 or more."),
    (
        "settle_seconds = nan",
        f"{A}.settle_seconds = nan: this is not a number that can be counted with. Write it in digits.",
    ),
    ("rescan_seconds = 0", f"{A}.rescan_seconds = 0: this is not above 0. Write more than 0."),
    ("waiting_hours = 1e300", f"{A}.waiting_hours = 1e+300: this is above 8760. Write 8760 or less."),
    (
        'watch = "natve"',
        f'{A}.watch = "natve": this is not known here. Write "auto", "native" or "poll". The nearest is "native".',
    ),
    (
        'held = "a/b"',
        f'{A}.held = "a/b": a shelf is the plain name of a folder inside the watched folder, or a whole path. '
        "Write one of these.",
    ),
    ('held = "sent"', f'{A}.sent = "sent": held is this folder already. Give each shelf its own.'),
    (
        "failed = '/srv/scans'",
        f'{A}.failed = "/srv/scans": this is the watched folder itself. Write a folder inside it, or elsewhere.',
    ),
    (
        "failed = '/srv/scans/a/b'",
        f'{A}.failed = "/srv/scans/a/b": a shelf stands directly in the watched folder, or it would be taken for a '
        "folder of scans. Write a plain name, or a folder elsewhere.",
    ),
    (
        'base_url = "http://example.com"',
        f'{A}.base_url = "http://example.com": plain http would send patient data in the clear. '
        "Write the address with https://.",
    ),
    (
        'base_url = "example.com/api"',
        f'{A}.base_url = "example.com/api": this is not the whole address of a service. '
        "Write it as https://host.example.com/path.",
    ),
    (
        'token_url = "https://u:hunter2@example.com"',
        f'{A}.token_url = "...@example.com": the address holds a user name or a password, which never stand in this '
        "file. Take them out.",
    ),
    (
        'base_url = "https://example.com/?key=hunter2"',
        f'{A}.base_url = "https://example.com/?...": the address goes on after ? or #. Write only the part before.',
    ),
    (
        'create_path = "documents"',
        f'{A}.create_path = "documents": this is the part of the address after base_url. '
        "Write it as /attachments/documents.",
    ),
    (
        'provider_npi = "1234567890"',
        f'{A}.provider_npi = "1234567890": an NPI has ten digits, and its last digit must check the others. '
        "Compare it with the NPI registry.",
    ),
    (
        "provider_npi = 1234567893",
        f'{A}.provider_npi = 1234567893: this is not a text. Write it in quotes: "1234567893"',
    ),
    (
        'submitter_id = ""',
        f'{A}.submitter_id = "": nothing stands between the quotes. Fill it in, or take the line out if it is not '
        "needed.",
    ),
    (
        f'submitter_id = "{"7" * 51}"',
        f'{A}.submitter_id = "{"7" * 51}": the service takes at most 50 characters, and this has 51. Shorten it.',
    ),
    (
        'submitter_id = "7 "',
        f'{A}.submitter_id = "7 ": there is a blank before or after it. Write it as "7".',
    ),
    (
        "client_secret = 'hunter2'",
        f"{A}.client_secret: a secret never stands in this file, which others can read. Take the line out, and keep "
        "the secret with: outtray secret set main-street/client_secret",
    ),
]

IN_STATEMENTS = [
    (
        "on_conflict = 'hold'",
        f"{S}.on_conflict: this key is not known here. It belongs in [store.statements.filename_rule].",
    ),
    ('include = "*.xml"', f'{S}.include = "*.xml": this is not a list. Write it in brackets: ["*.xml"]'),
    ("include = []", f'{S}.include: the list is empty. Name at least one, such as ["*.xml"], or take the line out.'),
    (
        "include = ['a/*.xml']",
        f'{S}.include[1] = "a/*.xml": a pattern is compared with a file\'s name alone. Write it without a folder, '
        "such as *.xml.",
    ),
    (
        "apiKey = 'hunter2'",
        f"{S}.apiKey: a secret never stands in this file, which others can read. Take the line out, and keep the "
        "secret with: outtray secret set main-street/api_key",
    ),
    (
        "filename_rule.upload_name = '{date}{suffix}'",
        f'{S}.filename_rule.upload_name = "{{date}}{{suffix}}": every file would get the same name. '
        "Put {stem} or {name} into it.",
    ),
    (
        "filename_rule.upload_name = '{stem}/{date}'",
        f'{S}.filename_rule.upload_name = "{{stem}}/{{date}}": a file name cannot hold / \\ : * ? " < > or |. '
        "Use a blank or a - between the fields.",
    ),
    (
        "filename_rule.upload_name = '{stem.__class__}'",
        f'{S}.filename_rule.upload_name = "{{stem.__class__}}": it holds a field that is not known. '
        "The fields are {name}, {stem}, {suffix}, {date}, {time}, {store}.",
    ),
    (
        "filename_rule.upload_name = '{stem'",
        f'{S}.filename_rule.upload_name = "{{stem": a brace stands alone in it. '
        "Write fields as {name}, {stem}, {suffix}, {date}, {time}, {store}.",
    ),
]

IN_AGENT = [
    ("senders = 0", "agent.senders = 0: this is below 1. Write 1 or more."),
    (
        "keep_sent_days = 1.5",
        "agent.keep_sent_days = 1.5: this is not a whole number. Write a whole number, without quotes.",
    ),
    (
        'show_names = "yes"',
        'agent.show_names = "yes": this is neither true nor false. Write one of the two, in small letters and without '
        "quotes.",
    ),
    (
        'upload_limit = "2 Mb/s"',
        'agent.upload_limit = "2 Mb/s": this is not a speed. Write it as 2 MB/s or 500 kB/s (B for bytes, a point for '
        "fractions).",
    ),
    (
        'upload_limit = "10 B/s"',
        'agent.upload_limit = "10 B/s": at this speed nothing would ever arrive. Write 1 kB/s or more, or take the '
        "line out for no limit.",
    ),
    (
        'ledger = "postgresql+psycopg://outtray:hunter2@db/outtray"',
        'agent.ledger = "...@db/outtray": a ledger in PostgreSQL is not supported yet. Write ledger = "sqlite", or '
        "take the line out.",
    ),
    (
        'ledger = "mysql"',
        'agent.ledger = "mysql": this kind of ledger is not known. Write ledger = "sqlite", or take the line out.',
    ),
    (
        'proxy = "proxy.example.com:8080"',
        'agent.proxy = "proxy.example.com:8080": this is not the whole address of a proxy. '
        "Write it as http://proxy.example.com:8080.",
    ),
    (
        'proxy = "http://u:hunter2@proxy.example.com:8080"',
        'agent.proxy = "...@proxy.example.com:8080": the address holds a user name or a password, which never stand in '
        "this file. Take the line out, and set the environment variable HTTPS_PROXY for the account that runs OutTray.",
    ),
    ("page = 5", "agent.page = 5: this is not a table. Give it a line [agent.page] of its own, with its keys below."),
    ("page.port = 70000", "agent.page.port = 70000: this is above 65535. Write 65535 or less."),
    (
        "data_dir = 'outtray'",
        'agent.data_dir = "outtray": this folder does not begin at a drive, a share or the root. '
        "Write the whole path, such as /srv/scans.",
    ),
    (
        "data_dir = 'C:\\OutTray'",
        "agent.data_dir = 'C:\\OutTray': this is a path of a Windows PC, and this computer is none. "
        "Write a path of this computer.",
    ),
    (
        "data_dir = '${NOT_SET_HERE}/outtray'",
        'agent.data_dir = "${NOT_SET_HERE}/outtray": the environment variable NOT_SET_HERE is not set for this '
        "account. Set it, or write the whole path.",
    ),
    (
        'data_dir = "C:\\temp"',
        'agent.data_dir = "C:\\u0009emp": there is a line break, a tab or another character in it that cannot be seen. '
        "In double quotes a backslash begins such a character: use single quotes, and type the text again.",
    ),
    (
        "data_dir = '/srv/scans/data'",
        'agent.data_dir = "/srv/scans/data": OutTray\'s own files would lie in the folder that '
        "main-street/attachments watches. Choose a folder elsewhere.",
    ),
]

WHOLE_FILES = [
    (
        "",
        "store: the file names no store, so there is nothing to send. Add one with a line [[store]].",
    ),
    (
        "[store]\nname = 'x'",
        "store: this is not a list. Begin each store with a line [[store]], in two pairs of brackets.",
    ),
    (
        '[[store]]\nname = "x"\n[[store.attachments]]\nfolder = "/a"',
        'store[1] "x" attachments: there are several. Head the table with one pair of brackets: [store.attachments]',
    ),
    (
        '[[store]]\nname = "x"',
        'store[1] "x": the store has no lane. Add a table [store.attachments] or [store.statements] below it.',
    ),
    (
        f"[[store]]\n{ATTACHMENTS}",
        'store[1] name: this key is needed and is not there. Add a line such as name = "main-street"',
    ),
    (
        f'[[store]]\nname = "Main/Street"\n{ATTACHMENTS}',
        'store[1] "Main/Street" name = "Main/Street": a store\'s name could be a folder\'s: it begins with a letter or '
        "a digit, has at most 64 characters, none of / \\ : * ? < > | and quotes in it, and is no name that Windows "
        'keeps for itself. Write it as "main-street".',
    ),
    (
        f"{STORE}{ATTACHMENTS}[[store]]\nname = 'Main_Street'\n" + ATTACHMENTS.replace("/srv/scans", "/srv/others"),
        'store[2] "Main_Street" name = "Main_Street": store[1] "main-street" has this name already (capitals, - and _ '
        "make no difference). Give each store its own name.",
    ),
    (
        '[[store]]\nname = "x"\n' + STATEMENTS,
        'store[1] "x" store_id: the statements service must be told which store a file is from. Write the id that it '
        'gave the store: store_id = "01GDG5BZA29R3SZMZ63Y2GFENV".',
    ),
    *(
        (f'[[store]]\nname = "x"\nstore_id = "{given}"\n' + STATEMENTS, f'store[1] "x" store_id = "{given}": {said}')
        for given, said in [
            (
                "01gdg5bza29r3szmz63y2gfenv",
                'the service writes its ids in capitals. Write it as "01GDG5BZA29R3SZMZ63Y2GFENV".',
            ),
            (
                "O1GDG5BZA29R3SZMZ63Y2GFENV",
                "an id of the statements service has no letters I, L, O and U and begins with 0 to 7. Is it "
                '"01GDG5BZA29R3SZMZ63Y2GFENV"?',
            ),
            (
                "81GDG5BZA29R3SZMZ63Y2GFENV",
                "an id of the statements service has no letters I, L, O and U and begins with 0 to 7.",
            ),
            (
                "main-street",
                "an id of the statements service has 26 characters, such as 01GDG5BZA29R3SZMZ63Y2GFENV, and this one "
                "has 11. Copy it anew from what the service sent.",
            ),
        ]
    ),
    (
        STORE + STATEMENTS.replace('base_url = "https://billing.example.com"', ""),
        f'{S}.base_url: this key is needed and is not there. Add a line such as base_url = "https://host.example.com"',
    ),
    (
        STORE + ATTACHMENTS.replace('client_id = "outtray"', ""),
        f'{A}.client_id: this key is needed and is not there. Add a line such as client_id = "..."',
    ),
    (
        STORE + ATTACHMENTS.replace('environment = "sandbox"', ""),
        f'{A}.token_url: it is not said which service the lane sends to. Write environment = "sandbox" or '
        '"production", or both base_url and token_url.',
    ),
    (
        STORE + ATTACHMENTS.replace('environment = "sandbox"', 'base_url = "https://a.example.com"'),
        f"{A}.token_url: base_url stands without it. Write both, or environment instead.",
    ),
    (
        STORE + ATTACHMENTS.replace('environment = "sandbox"', 'token_url = "https://a.example.com"'),
        f'{A}.token_url = "https://a.example.com": it stands without base_url. Write both, or environment instead.',
    ),
]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        *((STORE + ATTACHMENTS + line, sentence) for line, sentence in IN_ATTACHMENTS),
        *((STORE + STATEMENTS + line, sentence) for line, sentence in IN_STATEMENTS),
        *((f"[agent]\n{line}\n{STORE}{ATTACHMENTS}", sentence) for line, sentence in IN_AGENT),
        *WHOLE_FILES,
    ],
    ids=lambda value: value.strip().splitlines()[-1][:60] if value.strip() else "nothing",
)
def test_each_mistake_is_told_with_its_key_its_value_and_what_to_do(text: str, sentence: str) -> None:
    assert sentences_of(text) == [sentence]


NOT_TOML = [
    (
        'folder = "C:\\Scans"',
        "line 1, column 15",
        "Write the path in single quotes, such as folder = 'C:\\Scans\\Claims'.",
    ),
    ('folder = "C:\\Users\\x"', "line 1", "Write the path in single quotes"),
    ("[agent]\nledger = sqlite", "line 2, column 10", "Write a text in quotes"),
    ("[agent]\nshow_names = True", "line 2, column 14", "true or false in small letters"),
    ("[agent]\nsenders = 04", "line 2, column 12", "a number has no 0 before it"),
    ("[agent", "line 1", "a bracket is missing"),
    ("[agent]\n[agent]", "line 2", "each further store begins with [[store]]"),
    ("[agent]\nsenders = 1\nsenders = 2\n", "line 3", "Write each key once"),
    ('a = "x', "line 1", "a quote or a bracket that was opened is not closed"),
    ("hello\n", "line 1", "Write it as key = value"),
]


@pytest.mark.parametrize(("text", "place", "hint"), NOT_TOML)
def test_what_is_not_toml_is_told_with_line_and_column_and_how_to_mend_it(text: str, place: str, hint: str) -> None:
    (sentence,) = sentences_of(text)
    assert sentence.startswith(f"outtray.toml, {place}")
    assert hint in sentence


def test_everything_is_told_at_once() -> None:
    text = f"""
        [agent]
        senders = 0
        client_secret = "hunter2"
        {STORE}{ATTACHMENTS}
        settle_second = 3
        [[store]]
        name = "MAIN-STREET"
        {STATEMENTS.replace("/srv/statements", "/srv/scans/statements")}
    """
    told = sentences_of(text)
    assert [sentence.partition(":")[0] for sentence in told] == [
        "agent.client_secret",
        "agent.senders = 0",
        f"{A}.settle_second",
        'store[2] "MAIN-STREET" store_id',
        'store[2] "MAIN-STREET" name = "MAIN-STREET"',
        'store[2] "MAIN-STREET" statements.folder = "/srv/scans/statements"',
    ]


def test_no_sentence_tells_what_may_be_a_secret() -> None:
    texts = [STORE + ATTACHMENTS + line for line, _ in IN_ATTACHMENTS]
    texts += [STORE + STATEMENTS + line for line, _ in IN_STATEMENTS]
    texts += [f"[agent]\n{line}\n{STORE}{ATTACHMENTS}" for line, _ in IN_AGENT]
    texts += ["api_key = 'hunter2", "[agent]\nclient_secret = hunter2", "x = { password = 'hunter2' }"]
    assert sum("hunter2" in text for text in texts) >= 8
    assert not any("hunter2" in sentence for text in texts for sentence in sentences_of(text))


def test_sentences_speak_of_the_file_and_not_of_the_person() -> None:
    told = [sentence for _, sentence in [*IN_ATTACHMENTS, *IN_STATEMENTS, *IN_AGENT, *WHOLE_FILES]]
    assert len(told) > 60
    assert not [s for s in told if re.search(r"\b(error|invalid|please|oops|you)\b|!", s, re.IGNORECASE)]
