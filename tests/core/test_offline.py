"""What is handed out finds every change, and nothing but Python is needed (S13, I13, C-5)."""

import base64
import functools
import json
import random
import subprocess
import sys
from dataclasses import replace
from uuid import UUID

import pymerkle
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.core import audit, audit_tree, checkpoints, merkle
from portal.core.audit import Actor
from portal.core.db import db, snapshot, unit_of_work
from portal.core.offline import __main__ as offline
from portal.core.offline.ed25519 import verify_ed25519
from portal.core.offline.entries import commitment_of, entry_hash
from portal.core.offline.hashes import (
    Frontier,
    canonical,
    is_consistent,
    leaf_hash,
    node_hash,
    root_from_path,
)
from portal.core.offline.notes import Unreadable, read_note
from portal.core.offline.program import program
from portal.core.offline.walk import check_chain

BOB = Actor(UUID(int=7), "Bob Tran", "203.0.113.7")
DAVE = Actor(None, "(312) 555-0142", "webhook")
MUTATIONS = 10_000
LONG = 1_000  # entries, in the soak


def write(chain, count):
    with unit_of_work():
        for step in range(count):
            audit.record(
                "consent:consent:record",
                actor=BOB if step % 3 else DAVE,
                organization_id=chain,
                subject_id=UUID(int=step) if step % 2 else None,
                phone="+13125550142",
                step=step,
                name="Zoë 🏡",
            )


def sign(chain):
    with snapshot():
        measured = audit_tree.measure(chain)
    with unit_of_work():
        return checkpoints.make(measured)


# --- the tree ---------------------------------------------------------------------------------


def subtree_of(leaves):
    def subtree(level, place):
        if level == 0:
            return leaves[place]
        return node_hash(subtree(level - 1, 2 * place), subtree(level - 1, 2 * place + 1))

    return subtree


def test_a_thousand_trees_are_those_of_another_library():
    """S13: roots and both kinds of proof are those of pymerkle on 1,000 trees."""
    dice = random.Random(13)
    for number in range(1, 1001):
        size = number if number <= 70 else dice.randint(71, 400)
        data = [dice.randbytes(32).hex() for _ in range(size)]
        leaves = [leaf_hash(each) for each in data]
        oracle = pymerkle.InmemoryTree.init_from_entries(
            [bytes.fromhex(each) for each in data], algorithm="sha256"
        )
        subtree = subtree_of(leaves)
        total = merkle.root(subtree, size)
        assert total == oracle.get_root()

        index, older = dice.randrange(size), dice.randint(1, size)
        path = merkle.inclusion(subtree, index, size)
        theirs = oracle.prove_inclusion(index + 1)
        pymerkle.verify_inclusion(leaves[index], total, theirs)
        assert path == theirs.path[1:]  # theirs begins with the leaf itself
        assert root_from_path(leaves[index], index, size, path) == total
        grown = merkle.consistency(subtree, older, size)
        assert is_consistent(older, size, oracle.get_root(older), total, grown)
        if older < size:
            assert not is_consistent(older, size, total, total, grown)


def test_the_edge_of_a_growing_tree_tells_the_root_at_every_size():
    leaves = [leaf_hash(f"{number:064x}") for number in range(300)]
    edge = Frontier()
    for size in range(301):
        assert edge.root() == merkle.root(subtree_of(leaves), size).hex()
        if size < 300:
            edge.append(leaves[size])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 100])
def test_a_path_that_was_touched_leads_elsewhere(size):
    leaves = [leaf_hash(f"{number:064x}") for number in range(size)]
    total = merkle.root(subtree_of(leaves), size)
    for index in range(size):
        path = merkle.inclusion(subtree_of(leaves), index, size)
        assert root_from_path(leaves[index], (index + 1) % size, size, path) != total or size == 1
        assert root_from_path(leaves[index], index, size, [*path, total]) is None
        if path:
            assert root_from_path(leaves[index], index, size, path[:-1]) != total
            assert root_from_path(leaves[index], index, size, [bytes(32), *path[1:]]) != total


def test_there_is_no_proof_of_what_is_not_in_the_tree():
    with pytest.raises(ValueError):
        merkle.inclusion(subtree_of([bytes(32)]), 1, 1)
    with pytest.raises(ValueError):
        merkle.consistency(subtree_of([bytes(32)]), 2, 1)


# --- signatures -------------------------------------------------------------------------------

# RFC 8032, 7.1: secret key, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_standard_hold(secret, public, message, signature):
    public, message, signature = (bytes.fromhex(text) for text in (public, message, signature))
    own = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert own.public_key().public_bytes_raw() == public
    assert verify_ed25519(public, signature, message)
    assert not verify_ed25519(public, signature, message + b".")


def test_both_ways_to_check_a_signature_agree():
    """Plain Python and the library the portal uses, on good, changed and malformed ones."""
    dice = random.Random(8032)
    for number in range(40):
        key = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        public, message = key.public_key().public_bytes_raw(), dice.randbytes(number)
        good = key.sign(message)
        bad = bytearray(good)
        bad[dice.randrange(64)] ^= 1 << dice.randrange(8)
        for tried, said in ((good, message), (bytes(bad), message), (good, message + b"!")):
            assert verify_ed25519(public, tried, said) == checkpoints.verify_signature(
                public, tried, said
            )
        assert verify_ed25519(public, good, message)
        order = 2**252 + 27742317777372353535851937790883648493
        twin = good[:32] + (int.from_bytes(good[32:], "little") + order).to_bytes(32, "little")
        assert not verify_ed25519(public, twin, message)  # the same signature in another form


# --- S13: whatever is touched is found --------------------------------------------------------


verify_once = functools.cache(checkpoints.verify_signature)


class Log:
    """A signed log in memory, as the verifier reads it."""

    def __init__(self, chain, entries, notes, keys):
        self.chain, self.entries, self.notes, self.keys = chain, entries, notes, keys

    def verdict(self, entries=None, notes=None):
        return check_chain(
            self.chain,
            self.entries if entries is None else entries,
            self.notes if notes is None else notes,
            self.keys,
            verify_once,
        )


def signed_log(organization, size):
    notes = []
    for _ in range(3):
        write(organization.id, size // 3)
        notes.append(sign(organization.id))
    write(organization.id, size - size // 3 * 3)
    notes.append(sign(organization.id))
    entries = list(audit.entries(organization.id))
    return Log(str(organization.id), entries, notes, checkpoints.trusted_keys())


def relinked(log, entries):
    """Compute every commitment and hash anew: all that can be done without the key."""
    done, previous = [], entries[0].previous
    for position, each in enumerate(entries, 1):
        entry = each._replace(position=position, previous=previous)
        if entry.payload is not None:
            entry = entry._replace(commitment=commitment_of(entry, entry.payload))
        entry = entry._replace(hash=entry_hash(log.chain, entry))
        previous = entry.hash
        done.append(entry)
    return done


def changed(dice, text):
    """Return a text with one sign changed for another."""
    place = dice.randrange(len(text)) if text else 0
    sign_ = dice.choice([c for c in "0123456789abcdefXYZ -:" if text[place : place + 1] != c])
    return text[:place] + sign_ + text[place + 1 :]


def mutate(dice, log):
    """Return what was done and the log after one act of tampering."""
    entries, notes = list(log.entries), list(log.notes)
    place = dice.randrange(len(entries))
    one = entries[place]
    act = dice.choice(
        ["flip", "flip", "flip", "swap", "delete", "truncate", "insert", "rehash", "split",
         "reorder", "checkpoint", "checkpoint", "unsalt", "story"]
    )  # fmt: skip
    if act == "flip":
        name = dice.choice(one._fields)
        value = getattr(one, name)
        if isinstance(value, int):
            value += dice.choice([-1, 1])
        elif name == "payload":
            value = canonical({**json.loads(value), "step": dice.randint(10**6, 10**7)})
        else:
            value = changed(dice, value)
        entries[place] = one._replace(**{name: value})
    elif act == "swap":
        other = (place + dice.randrange(1, len(entries))) % len(entries)
        entries[place], entries[other] = entries[other], entries[place]
    elif act == "delete":
        del entries[place]
    elif act == "truncate":
        entries = entries[:place]
    elif act == "insert":
        entries.insert(place, dice.choice(entries))
    elif act == "rehash":
        name = dice.choice(["event", "at", "actor_id", "account_id", "subject_id", "salt"])
        entries[place] = one._replace(**{name: changed(dice, getattr(one, name))})
        entries = relinked(log, entries)
    elif act == "split":
        entries = relinked(log, [*entries[:place], *entries[place + 1 :], one])
        if entries == log.entries:
            entries = relinked(log, entries[:-1])
    elif act == "reorder":
        start = dice.randrange(len(entries) - 2)
        piece = entries[start : start + 3]
        entries[start : start + 3] = piece[1:] + piece[:1]
    elif act == "checkpoint":
        which = dice.randrange(len(notes))
        name = dice.choice(["size", "root", "head", "time", "key", "signature", "chain", "origin"])
        value = getattr(notes[which], name)
        other = value + dice.choice([-1, 1]) if name == "size" else changed(dice, value)
        notes[which] = replace(notes[which], **{name: other})
    elif act == "unsalt":
        salt = changed(dice, one.salt)
        entries[place] = one._replace(salt=salt)
    else:
        story = one._replace(payload='{"phone":"+19995550000"}', salt="0" * 32)
        entries[place] = story._replace(commitment=commitment_of(story, story.payload))
    return act, entries, notes


def attack(log, rounds):
    dice = random.Random(4)
    assert log.verdict().fault is None
    missed = []
    for number in range(rounds):
        act, entries, notes = mutate(dice, log)
        if log.verdict(entries, notes).fault is None:
            missed.append((number, act))
        if number % 100 == 0:  # no false alarm beside the true ones
            assert log.verdict().fault is None
    assert missed == []


def test_ten_thousand_mutations_are_all_found(juniper):
    """S13, short tier: 10,000 acts on a short log, 100 % found, no false alarm."""
    attack(signed_log(juniper, 22), MUTATIONS)


@pytest.mark.soak
def test_a_thousand_entries_under_ten_thousand_mutations(juniper):
    """S13 as PROMISES puts it: the log has a thousand entries."""
    attack(signed_log(juniper, LONG), MUTATIONS)


def test_no_byte_of_an_exported_log_can_change(juniper, tmp_path):
    """Whatever byte of an entry or a checkpoint is flipped, the file is refused or found out."""
    signed_log(juniper, 9)
    lines = list(checkpoints.export(juniper.id))
    key = checkpoints.public_key()
    path = tmp_path / "log.jsonl"
    path.write_text("".join(lines))
    assert offline.check_file(path, [key])[0]

    dice, tried = random.Random(9), 0
    for number, line in enumerate(lines):
        start = line.index('"notes"') if number == 0 else 0
        end = line.index('"public_keys"') - 1 if number == 0 else len(line) - 1
        for place in dice.sample(range(start, end), min(10, end - start)):
            sign_ = chr(ord(line[place]) ^ 1 << dice.randrange(5))
            bad = line[:place] + sign_ + line[place + 1 :]
            if _says_the_same(bad, line):
                continue
            tried += 1
            path.write_text("".join([*lines[:number], bad, *lines[number + 1 :]]), newline="")
            try:
                holds, _ = offline.check_file(path, [key])
            except Unreadable:
                holds = False
            assert not holds, (number, place, sign_)
    assert tried > 80


def _says_the_same(one, other):
    try:
        return json.loads(one) == json.loads(other)
    except ValueError:
        return False


# --- the program that is handed out -----------------------------------------------------------


@pytest.fixture
def handed_out(tmp_path):
    """Run the program as a stranger does: alone, isolated, without anything installed."""
    path = tmp_path / "check-audit.pyz"
    path.write_bytes(program())

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-I", "-S", str(path), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )

    return run


def test_a_stranger_checks_log_proof_and_checkpoint(juniper, tmp_path, handed_out):
    log = signed_log(juniper, 12)
    files = {
        "log.jsonl": "".join(checkpoints.export(juniper.id)),
        "proof.json": json.dumps(checkpoints.inclusion(juniper.id, 5, discloses=True), indent=2),
        "note.checkpoint": log.notes[-1].text,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    key = checkpoints.public_key()
    told = handed_out(*files, "--key", key)
    assert told.returncode == 0, told.stderr
    assert "12 entries hold" in told.stdout

    strange = base64.b64encode(bytes(range(32))).decode()
    assert handed_out("log.jsonl", "--key", strange).returncode == 1
    (tmp_path / "proof.json").write_text(files["proof.json"].replace('"step": 0', '"step": 1'))
    (tmp_path / "log.jsonl").write_text("".join(files["log.jsonl"].splitlines(True)[:-1]))
    assert handed_out("proof.json", "--key", key).returncode == 1
    told = handed_out("log.jsonl", "--key", key)
    assert told.returncode == 1
    assert "entry 12: entries are missing at the end" in told.stderr
    (tmp_path / "note.checkpoint").write_text("no note")
    assert handed_out("note.checkpoint", "--key", key).returncode == 2


@pytest.mark.parametrize("discloses", [True, False])
def test_a_proof_holds_for_its_entry_alone(juniper, discloses):
    signed_log(juniper, 20)
    from portal.core.offline.files import why_proof_fails

    keys = checkpoints.trusted_keys()
    for position in (1, 7, 20):
        proof = checkpoints.inclusion(juniper.id, position, discloses=discloses)
        assert ("Zoë" in str(proof["entry"]["payload"])) is discloses
        assert why_proof_fails(proof, keys, verify_ed25519) is None
        for name, value in (
            ("event", "x:y:z"),
            ("position", position % 20 + 1),
            ("hash", "0" * 64),
        ):
            bad = {**proof, "entry": {**proof["entry"], name: value}}
            assert why_proof_fails(bad, keys, verify_ed25519)
        assert why_proof_fails({**proof, "path": proof["path"][1:]}, keys, verify_ed25519)
        other = json.loads(json.dumps(proof).replace(str(juniper.id), str(UUID(int=5))))
        assert why_proof_fails(other, keys, verify_ed25519)


def test_a_note_has_one_form_only():
    for text in ("", "ConsentDesk audit checkpoint 1\n", "x" * 500):
        with pytest.raises(Unreadable):
            read_note(text)


def test_the_program_is_the_same_file_each_time(app):
    assert program() == program()
    db.session.rollback()
