"""Two sidecars speak for one scan: a person says whose it is, and nobody else's goes with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.desk.page.forms.test_correct import at_work, events, packet_of
from tests.support import files
from tests.support.forms import Form


def test_the_chosen_sidecar_goes_and_the_other_stays_with_a_note(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        maya = files.sidecar(patientFirstName="Maya", patientLastName="Lindqvist", claimId="CLM-M")
        jordan = files.sidecar(patientFirstName="Jordan", patientLastName="Avery", claimId="CLM-J")
        practice.drop("PA.json", maya)
        practice.drop("PA.tif.json", jordan)
        practice.drop("PA.tif", files.tiff())
        packet = packet_of(practice, "PA")
        shown = client.get(f"/packet/{packet}/whose")
        assert "It is Maya Lindqvist’s" in shown.text
        assert "It is Jordan Avery’s" in shown.text
        form = Form.of(shown)
        chosen = dict.fromkeys(value for name, value in form.buttons if name == "sidecar")
        by_label = [one for one in chosen if "Jordan Avery" in form.texts[one]]
        assert form.send(client, sidecar=by_label).status_code == 303
        practice.wait_until_sent(1)
        assert practice.claims == ["CLM-J"]
        shelf = {path.name: path.read_bytes() for path in (practice.folder / "failed").iterdir()}
        assert shelf["PA.json.set-aside.problem.txt"] == maya
        assert b"said on the page that PA.tif.json is right" in shelf["PA.json.set-aside.note.problem.txt"]
        assert len(shelf) == 2
        assert events(practice, packet) == [("whose-said", client.page.actor), ("resolved", client.page.actor)]


def test_scans_for_which_only_the_other_spoke_come_back_alone(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        for name in ("1.jpg", "2.jpg"):
            practice.drop(name, files.jpeg())
        practice.drop("both.json", files.sidecar(claimId="CLM-BOTH", files=["1.jpg", "2.jpg"]))
        practice.drop("2.json", files.sidecar(claimId="CLM-TWO", patientFirstName="Rosa"))
        packet = packet_of(practice, "2")
        practice.drop("2.jpg", files.jpeg(120))  # meanwhile another scan has the name
        form = Form.of(client.get(f"/packet/{packet}/whose"))
        [rosa] = [one for name, one in form.buttons if name == "sidecar" and "Rosa" in form.texts[one]]
        assert form.send(client, sidecar=[rosa]).status_code == 303
        practice.wait_until_sent(1)
        assert practice.claims == ["CLM-TWO"]
        [sent] = practice.sandbox.journal
        assert len(sent["filenames"]) == 1
        practice.wait_for(lambda: practice.waiting() == ["1.jpg", "2.jpg"], "the scan of nobody, and the new one")
        assert (practice.folder / "2.jpg").read_bytes() == files.jpeg(120)


def test_sidecars_that_changed_since_they_were_shown_are_shown_anew(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("PA.json", files.sidecar(claimId="CLM-M", patientFirstName="Maya"))
        practice.drop("PA.tif.json", files.sidecar(claimId="CLM-J"))
        practice.drop("PA.tif", files.tiff())
        packet = packet_of(practice, "PA")
        form = Form.of(client.get(f"/packet/{packet}/whose"))
        changed = files.sidecar(claimId="CLM-M", patientFirstName="Mia")
        (practice.folder / "failed" / "PA.json").write_bytes(changed)
        answer = form.send(client, sidecar=[form.buttons[0][1]])
        assert answer.status_code == 422
        assert "The sidecars or the scan have changed" in answer.text
        assert "Mia" in answer.text
        assert len(practice.failed()) == 3


@pytest.mark.slow
def test_a_folder_with_two_sidecars_is_asked_for_too(tmp_path: Path) -> None:
    with at_work(tmp_path) as (practice, client):
        practice.drop("Smith/1.jpg", files.jpeg())
        practice.drop("Smith/a.json", files.sidecar(claimId="CLM-A", patientFirstName="Ada"))
        practice.drop("Smith/b.json", files.sidecar(claimId="CLM-B", patientFirstName="Bo"))
        packet = packet_of(practice, "Smith")
        assert client.get(f"/packet/{packet}/metadata").headers["location"].startswith(f"/packet/{packet}/whose")
        form = Form.of(client.get(f"/packet/{packet}/whose"))
        [bo] = [one for name, one in form.buttons if name == "sidecar" and "Bo" in form.texts[one]]
        assert form.send(client, sidecar=[bo]).status_code == 303
        practice.wait_until_sent(1)
        assert practice.claims == ["CLM-B"]
        assert (
            json.loads((practice.folder / "failed" / "a.json.set-aside.problem.txt").read_bytes())["claimId"] == "CLM-A"
        )
