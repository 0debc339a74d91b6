"""Nothing in a reply is trusted."""

from __future__ import annotations

import json

import httpx
import pytest

from agent.destinations.dentatt import translate
from agent.destinations.reply import LARGEST_REPLY, VendorWords, read_reply, readable, vendor_words


def test_json_is_read_and_other_text_is_kept():
    assert readable(b'{"a": [1, "\xc3\xa9"]}', ()) == {"a": [1, "é"]}
    assert readable(b"<html>\xff</html>", ()) == "<html>\ufffd</html>"
    assert readable(b"", ()) == ""


@pytest.mark.parametrize(
    "content",
    [b'{"a": 1e999}', b'{"a": NaN}', b'{"a": "\\ud800"}', b'{"a\\u0000": "\\u0000"}', b"[" * 100_000, b"9" * 10_000],
)
def test_what_comes_can_be_written_again_as_strict_json(content: bytes):
    written = json.dumps(readable(content, ()), allow_nan=False, ensure_ascii=False)
    assert written.encode("utf-8")
    assert "\\u0000" not in written


def test_a_secret_is_taken_out_in_every_form_that_echoes_it():
    secret = 'a/b+c "d"'
    echoed = {"form": "client_secret=a%2Fb%2Bc+%22d%22", "plain": f"x {secret} y", secret: ["a%2Fb%2Bc%20%22d%22"]}
    kept = json.dumps(readable(json.dumps(echoed).encode(), (secret,)))
    assert "b+c" not in kept
    assert "%2Fb" not in kept
    assert kept.count("(not shown)") == 4


def test_a_gigabyte_is_cut():
    read = 0

    def pour():
        nonlocal read
        while True:
            read += 1
            yield b" " * 65536

    reply = read_reply(httpx.Response(200, content=pour()), ())
    assert not reply.whole
    assert read <= LARGEST_REPLY // 65536 + 1


def test_a_body_that_breaks_off_keeps_the_status():
    def broken():
        yield b'{"attachmentControl'
        raise httpx.ReadError("gone")

    reply = read_reply(httpx.Response(201, content=broken()), ())
    assert (reply.status, reply.whole, reply.content) == (201, False, '{"attachmentControl')


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {"title": "Bad", "properties": {"errors": [{"code": "DENTATT_007", "field": "payerId", "message": "No"}]}},
            (VendorWords("DENTATT_007", "payerId", "No"), VendorWords("", "", "Bad")),
        ),
        ({"errors": [{"code": "X", "message": "M"}], "detail": "M"}, (VendorWords("X", "", "M"),)),
        ({"failureReason": "no", "Errors": ["a"]}, (VendorWords("", "", "a"), VendorWords("", "", "no"))),
        ({"subErrors": [], "status": "BAD_REQUEST", "message": "odd"}, (VendorWords("", "", "odd"),)),
        ({"error": "invalid_client", "error_description": "who?"}, (VendorWords("", "", "who?"),)),
        ("just text", (VendorWords("", "", "just text"),)),
        ("<html>proxy page</html>", ()),
        ({"errors": "no list", "properties": 3, "message": {"a": 1}}, ()),
        ([1, 2], ()),
        ({}, ()),
    ],
)  # fmt: skip
def test_the_services_words_are_found_in_every_shape(content: object, words: tuple[VendorWords, ...]):
    assert vendor_words(content) == words


def test_the_services_words_are_kept_short():
    (words,) = vendor_words({"message": "x" * 10_000})
    assert len(words.message) < 600


@pytest.mark.parametrize(
    ("words", "where", "sentence"),
    [
        (VendorWords("DENTATT_007", "payerId", "bad"), "payer ID", "The payer ID is not exactly 5 letters or digits."),
        (VendorWords("DENTATT_009", "", "bad"), "provider NPI", "The provider NPI has a wrong digit"),
        (VendorWords("DENTAL_017", "", "bad"), "attachment IDs", "The list of attachment IDs is missing."),
        (VendorWords("DENTATT_XXX", "request.submitterId", "bad"), "submitter ID", "The submitter ID or the billing"),
        (VendorWords("DENTATT_999", "memberId", "bad"), "member ID", 'The service says: "bad" (DENTATT_999)'),
        (VendorWords("OTHER_007", "x.y", "bad"), "request", 'The service says: "bad" (OTHER_007)'),
    ],
)
def test_codes_become_sentences(words: VendorWords, where: str, sentence: str):
    fault = translate(words)
    assert (fault.where, fault.value) == (where, "")
    assert fault.message.startswith(sentence)
    assert '"bad"' in fault.message
