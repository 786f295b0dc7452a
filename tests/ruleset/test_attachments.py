"""Files that rule files name: found wherever they stand, read once, told with their line."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from sidecar.algorithms.networks import address_number
from sidecar.model.files import Form
from sidecar.model.secret import Secret, SecretSpec
from sidecar.model.spec import Spec
from sidecar.ruleset.attachments import BadContent, attach, load, reveal
from sidecar.ruleset.check import Checked, check
from sidecar.ruleset.document import load as load_text
from sidecar.ruleset.folder import Folder, NotReadable
from sidecar.ruleset.parts import Parts
from sidecar.ruleset.surroundings import Surroundings
from tests.ruleset.compiled import compiled, count_anything, refusal, request, rule_file

ACCESS = """\
keys:
  user: {from: header, name: x-user}
trust: {callers: [unix]}
access:
  - name: lists
    deny:
      client_ip: {file: nets.txt}
      user: [ann, {file: lists/scalpers.txt}]
  - name: partners
    match: {path: /partners/**}
    allow: {user: {file: lists/scalpers.txt, hashed: sha256}}
"""


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".fresh")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    write(tmp_path, "nets.txt", "192.0.2.0/24\n")
    write(tmp_path, "lists/scalpers.txt", sha256(b"eve").hexdigest())
    return Folder(tmp_path, {"TOKEN": "hunter2"})


def checked(folder: Folder, text: str = ACCESS) -> Checked:
    return check(rule_file(text), "shop.yaml", folder)


def test_every_file_that_is_named_is_read(folder: Folder) -> None:
    attached = checked(folder).attachments
    assert {*attached.stamps} == {
        ("nets.txt", Form.NETWORKS),
        ("lists/scalpers.txt", Form.VALUES),
        ("lists/scalpers.txt", Form.SHA256),
    }
    assert attached.networks["nets.txt"].contains(address_number(b"192.0.2.7"))
    assert attached.digests["lists/scalpers.txt"].contains(sha256(b"eve").digest())
    assert attached.refused == {}


def test_rules_are_compiled_with_what_stands_in_the_files(folder: Folder) -> None:
    found = checked(folder)
    around = Surroundings(folder.base, count_anything, files=found.attachments)
    rules = compiled(rule_file(ACCESS), surroundings=around)
    assert refusal(rules, request("/", client="192.0.2.7"), 0.0) == "access_denied"
    assert refusal(rules, request("/", client="192.0.3.7", x_user="bob"), 0.0) == ""
    assert refusal(rules, request("/partners/", client="::1", x_user="bob"), 0.0)
    assert not refusal(rules, request("/partners/", client="::1", x_user="eve"), 0.0)


def test_a_list_is_replaced_under_the_rules_that_use_it(folder: Folder) -> None:
    found = checked(folder)
    around = Surroundings(folder.base, count_anything, files=found.attachments)
    rules = compiled(rule_file(ACCESS), surroundings=around)
    use = ("lists/scalpers.txt", Form.VALUES)
    write(folder.base, "lists/scalpers.txt", "bob\nmallory until: 1970-01-01T00:01:40Z\n")
    found.attachments.replace(use, load(folder, use))
    assert found.attachments.stamps[use] == folder.stamp("lists/scalpers.txt")
    assert refusal(rules, request(client="::1", x_user="bob"), 0.0) == "access_denied"
    assert refusal(rules, request(client="::1", x_user="mallory"), 0.0) == "access_denied"
    found.attachments.advance(100.0)
    assert refusal(rules, request(client="::1", x_user="mallory"), 0.0) == ""


def test_a_file_is_read_again_only_when_it_has_changed(folder: Folder) -> None:
    use = ("nets.txt", Form.NETWORKS)
    first = load(folder, use)
    assert load(folder, use) is first
    write(folder.base, "nets.txt", "192.0.2.0/25\n")
    assert load(folder, use) is not first
    checked(folder, "")
    assert folder.remembered == {}


def test_errors_point_at_the_line_that_names_the_file(folder: Folder) -> None:
    write(folder.base, "lists/scalpers.txt", "eve*\n")
    (folder.base / "nets.txt").unlink()
    found = checked(folder)
    assert found.file is None
    assert [(one.code, one.line, one.column) for one in found.diagnostics] == [
        ("missing-file", 11, 25),
        ("bad-file", 12, 26),
        ("bad-file", 15, 26),
    ]
    assert {*found.attachments.refused} == {"nets.txt", "lists/scalpers.txt"}


def test_files_are_looked_at_though_the_rule_file_has_other_errors(folder: Folder) -> None:
    (folder.base / "nets.txt").unlink()
    found = checked(folder, ACCESS + "rate_limits: [{name: a, limit: 5}]\n")
    assert [one.code for one in found.diagnostics] == ["missing-file", "bad-rate"]


def test_a_hashed_list_says_nothing_of_what_stands_in_it(folder: Folder) -> None:
    write(folder.base, "lists/scalpers.txt", "hunter2\n")
    found = checked(folder)
    assert [one.code for one in found.diagnostics] == ["bad-file"]
    assert "hunter2" not in str(found.diagnostics)


def test_secrets_are_read_and_told_to_be_missing(folder: Folder) -> None:
    write(folder.base, "token", "hunter2\n")
    for spec in (SecretSpec(env="TOKEN"), SecretSpec(file="token")):
        assert reveal(spec, folder).reveal() == "hunter2"
    write(folder.base, "empty", "\n")
    (folder.base / "latin1").write_bytes(b"\xff")
    for wrong, message in (
        (SecretSpec(env="NONE"), "the variable NONE is not set"),
        (SecretSpec(file="none"), "none cannot be read"),
        (SecretSpec(file="empty"), "empty is empty"),
        (SecretSpec(file="latin1"), "latin1 is not UTF-8"),
    ):
        with pytest.raises(NotReadable, match=message):
            reveal(wrong, folder)


class StoreSpec(Spec):
    """Something with secrets, as a later section may have."""

    password: Secret
    tokens: tuple[Secret, ...] = ()


def test_secrets_of_any_section_are_found_read_and_told(folder: Folder) -> None:
    text = "password: {env: TOKEN}\ntokens: [hunter2, {file: none}, {env: TOKEN}]\n"
    document = load_text("store:\n  " + text.replace("\nt", "\n  t"), "shop.yaml")
    spec = StoreSpec.model_validate(document.data["store"])
    parts = Parts({("store",): spec}, {("store",): spec}, {})
    attached, found = attach(parts, document, folder)
    assert [(one.code, one.line, one.column) for one in found] == [
        ("literal-secret", 3, 12),
        ("no-secret", 3, 28),
    ]
    assert "hunter2" not in str((found, attached))
    for named in (spec.password, spec.tokens[0]):
        assert attached.secret(named).reveal() == "hunter2"


def test_problems_in_words(folder: Folder) -> None:
    write(folder.base, "nets.txt", "nowhere\n")
    with pytest.raises(BadContent, match=r"nets.txt:1:1: 'nowhere' is not an address"):
        load(folder, ("nets.txt", Form.NETWORKS))
