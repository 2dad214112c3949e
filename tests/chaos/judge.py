"""The judge of a chaos run: compares what the product believes with the carrier's own log.

Pure: it takes logs and rows and returns findings. Whether a text was handed over, how often and
when is read from the carrier alone; the product's rows say what it made of it, and order the
moment a text was cleared against the moment a STOP was stored.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

ACCEPTED_FAMILY = frozenset({"accepted", "sent", "delivered", "undelivered", "failed"})
UNSENT = frozenset({"rejected", "blocked", "canceled", "unconfirmed", "expired"})
ENDS = frozenset({"delivered", "undelivered", "failed"})  # the carrier says nothing after these
PROVEN_UNPROCESSED = frozenset({"429"})  # the one answer that says: never processed
STOP_CONFIRMATION = "stop"
POST_WITHIN_S = 20.0  # from the last look to the first byte (PROMISES 2.2)


class Crime(StrEnum):
    """What a run can be convicted of."""

    DOUBLE = "doubled"
    GAMBLE = "handed over again without proof"
    LOST = "lost"
    CREDIT = "wrong credit"
    AFTER_STOP = "handed over after STOP"
    LATE = "handed over long after it was cleared"
    UNASKED = "told no, yet sent"
    STANDING = "standing against the last word"
    BEHIND = "behind the carrier's last word"


@dataclass(frozen=True, slots=True)
class Create:
    """One request to send, as the carrier logged it; `text` and `attempt` are its callback's."""

    seq: int
    at: float
    outcome: str  # accepted, refused, dropped
    answer: str
    sid: str | None
    to: str
    text: str | None
    attempt: int = 1
    body: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """One STOP of a person: in force once the product had answered for it, until a START."""

    person: str
    stored_at: float
    lifted_at: float | None = None


@dataclass(frozen=True, slots=True)
class LastWord:
    """What a person said last of STOP and START, and what the product makes of them in the end."""

    person: str
    is_stop: bool
    is_heard: bool  # its webhook was answered 2xx, or the carrier's list told of it
    is_out: bool


@dataclass(frozen=True, slots=True)
class Text:
    """One text as the product shows it in the end."""

    id: str
    account: str
    e164: str
    state: str
    credits: int
    sid: str | None
    purpose: str = ""
    campaign: str | None = None  # the nonce it was confirmed with
    is_planned: bool = True  # False: blocked when it was confirmed, so nothing was reserved


@dataclass(frozen=True, slots=True)
class Intent:
    """One send that a person asked for, and what they were told: yes, no, or nothing."""

    nonce: str
    people: int
    is_acknowledged: bool
    is_refused: bool = False
    words: str = ""  # its own: no other send says them


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    account: str
    kind: str
    credits: int
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """The counters of one account."""

    account: str
    available: int
    reserved: int
    spent: int


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the judge looks at."""

    creates: Sequence[Create]
    texts: Sequence[Text]
    heard: frozenset[str] = frozenset()  # SIDs of which a callback was answered 2xx
    cleared: Mapping[tuple[str, int], float] = field(default_factory=dict)  # T2 of each attempt
    stops: Sequence[Stop] = ()
    intents: Sequence[Intent] = ()
    entries: Sequence[Entry] = ()
    balances: Sequence[Balance] = ()
    house: frozenset[str] = frozenset()  # texts the house paid for
    most_in_flight: int = 32  # workers times threads (RULINGS 12)
    last_words: Sequence[LastWord] = ()
    segments: Mapping[str, int] = field(default_factory=dict)  # by SID, as the carrier counted
    statuses: Mapping[str, str] = field(default_factory=dict)  # by SID, the carrier's last word
    posts_within: float = POST_WITHIN_S  # in the product's time, freezes of a run included
    leaps: Sequence[tuple[float, float]] = ()  # when time was moved forward, and how far


@dataclass(frozen=True, slots=True)
class Finding:
    """One conviction."""

    crime: Crime
    about: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case."""

    findings: Sequence[Finding]
    texts: int
    accepted: int
    unconfirmed_though_accepted: int  # permitted where no evidence ever reached us
    left_as_stop_came: int  # cleared before the STOP was stored, handed over after it

    def count(self, crime: Crime) -> int:
        """Return how many texts, sends or accounts were found guilty of this."""
        return len({f.about for f in self.findings if f.crime is crime})


def judge(case: Case) -> Verdict:
    """Return everything that is wrong in a case."""
    accepted: dict[str, list[str]] = defaultdict(list)
    for create in case.creates:
        if create.outcome == "accepted" and create.text and create.sid:
            accepted[create.text].append(create.sid)
    leaving = [0]
    findings = [
        *_doubles(case, accepted),
        *_doubles_by_words(case),
        *_gambles(case),
        *_losses(case, accepted),
        *_unasked(case),
        *_wrong_credits(case, accepted),
        *_wrong_balances(case),
        *_after_stop(case, leaving),
        *_late(case),
        *_standings(case),
        *_behind(case),
    ]
    residue = [
        text
        for text in case.texts
        if text.state == "unconfirmed" and accepted[text.id] and not _is_heard(case, accepted, text)
    ]
    return Verdict(
        findings,
        texts=len(case.texts),
        accepted=sum(1 for sids in accepted.values() if sids),
        unconfirmed_though_accepted=len(residue),
        left_as_stop_came=leaving[0],
    )


def _doubles(case: Case, accepted: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    for text, sids in accepted.items():
        if len(set(sids)) > 1:
            yield Finding(Crime.DOUBLE, text, f"the carrier took it as {', '.join(sids)}")


def _doubles_by_words(case: Case) -> Iterator[Finding]:
    """The words of a send reach a person once, by whatever name of ours they went."""
    sends = _sends_by_body(case)
    taken: dict[tuple[str, str], list[Create]] = defaultdict(list)
    for create in case.creates:
        send = sends[create.body]
        if create.outcome == "accepted" and send:
            taken[create.to, send.words].append(create)
    for (to, words), creates in taken.items():
        if len({create.sid or create.seq for create in creates}) > 1:
            about = creates[0].text or to
            yield Finding(Crime.DOUBLE, about, f"{to} was texted {len(creates)} times: {words}")


def _sends_by_body(case: Case) -> dict[str, Intent | None]:
    sends = [intent for intent in case.intents if intent.words]
    return {
        body: next((send for send in sends if send.words in body), None)
        for body in {create.body for create in case.creates}
    }


def _gambles(case: Case) -> Iterator[Finding]:
    """A second try is only fair when every earlier one was proven to have done nothing (I1)."""
    tries: dict[str, list[Create]] = defaultdict(list)
    for create in sorted(case.creates, key=lambda c: c.seq):
        if create.text:
            tries[create.text].append(create)
    for text, posts in tries.items():
        for earlier in posts[:-1]:
            if earlier.answer not in PROVEN_UNPROCESSED:
                yield Finding(
                    Crime.GAMBLE, text, f"tried {len(posts)} times, once after {earlier.answer}"
                )
                break


def _losses(case: Case, accepted: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Every confirmed text ends in one state, and that state tells the truth (I2)."""
    known = {text.id for text in case.texts}
    for create in case.creates:
        if create.outcome == "accepted" and create.text not in known:
            about = create.text or create.sid or str(create.seq)
            yield Finding(Crime.LOST, about, f"the carrier sent {create.sid}, we have no such text")
    found = Counter(text.campaign for text in case.texts)
    for intent in case.intents:
        if intent.is_refused:
            continue
        if (found[intent.nonce] or intent.is_acknowledged) and found[intent.nonce] != intent.people:
            yield Finding(
                Crime.LOST,
                intent.nonce,
                f"confirmed for {intent.people} people, {found[intent.nonce]} texts are there",
            )
    for text in case.texts:
        sids = accepted.get(text.id, [])
        if text.state not in ACCEPTED_FAMILY | UNSENT:
            yield Finding(Crime.LOST, text.id, f"it never ended: {text.state}")
        elif text.state in ACCEPTED_FAMILY and text.sid not in sids:
            yield Finding(
                Crime.LOST, text.id, f"{text.state} as {text.sid}, the carrier has {sids}"
            )
        elif text.state in UNSENT and sids and not _is_honest_doubt(case, accepted, text):
            yield Finding(Crime.LOST, text.id, f"{text.state}, yet the carrier has {sids}")


def _unasked(case: Case) -> Iterator[Finding]:
    """Nothing is planned or sent that nobody asked for, or that somebody was told would not go."""
    if not case.intents:
        return
    sends = {intent.nonce: intent for intent in case.intents}
    for text in case.texts:
        send = sends.get(text.campaign or "")
        if text.campaign and (send is None or send.is_refused):
            why = "a send that was refused" if send else "a send that nobody confirmed"
            yield Finding(Crime.UNASKED, text.id, f"{text.state}, of {why}")
    notices = {text.id for text in case.texts if text.purpose}
    by_body = _sends_by_body(case)
    for create in case.creates:
        send = by_body[create.body]
        is_asked = (send and not send.is_refused) or (not send and create.text in notices)
        if create.outcome == "accepted" and not is_asked:
            about = create.text or str(create.seq)
            yield Finding(Crime.UNASKED, about, f"the carrier sent {create.body!r}")


def _is_honest_doubt(case: Case, accepted: Mapping[str, Sequence[str]], text: Text) -> bool:
    return text.state == "unconfirmed" and not _is_heard(case, accepted, text)


def _is_heard(case: Case, accepted: Mapping[str, Sequence[str]], text: Text) -> bool:
    return any(sid in case.heard for sid in accepted.get(text.id, ()))


def _wrong_credits(case: Case, accepted: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """One reserve, one resolve, charged exactly if the carrier took it, by its segments (I4, I6)."""
    if not case.balances:
        return
    lines: dict[str, list[Entry]] = defaultdict(list)
    for entry in case.entries:
        if entry.text:
            lines[entry.text].append(entry)
    for text in case.texts:
        kinds = Counter(entry.kind for entry in lines.pop(text.id, ()))
        for kind in [k for k in kinds if kinds[k] > 1]:
            yield Finding(Crime.CREDIT, text.id, f"{kinds[kind]} entries of {kind}")
        expected = _expected(text, is_accepted=bool(accepted.get(text.id)), house=case.house)
        if set(kinds) not in expected:
            yield Finding(
                Crime.CREDIT,
                text.id,
                f"{text.state}, {len(accepted.get(text.id, ()))} at the carrier, books say"
                f" {sorted(kinds)}{' and the house paid' if text.id in case.house else ''}",
            )
        counted = case.segments.get(text.sid or "", text.credits)
        if text.credits not in {0, counted}:  # free notices cost nothing
            yield Finding(
                Crime.CREDIT, text.id, f"{text.credits} credits, {counted} segments at the carrier"
            )
    prices = {text.id: text.credits for text in case.texts}
    for entry in case.entries:
        if entry.text in prices and entry.credits != prices[entry.text]:
            yield Finding(
                Crime.CREDIT,
                entry.text,
                f"{entry.kind} of {entry.credits}, shown as {prices[entry.text]}",
            )
    for stranger in lines:
        yield Finding(Crime.CREDIT, stranger, "entries for a text that does not exist")


def _expected(text: Text, *, is_accepted: bool, house: frozenset[str]) -> Sequence[set[str]]:
    if not text.credits or not text.is_planned:
        return [set()]
    if text.id in house:  # proven after its credits were given back
        return [{"reserve", "release"}] if is_accepted else []
    if text.state == "failed":
        return [{"reserve", "capture"}, {"reserve", "capture", "refund"}]
    if text.state in ACCEPTED_FAMILY:
        return [{"reserve", "capture"}]
    if text.state == "unconfirmed":  # charged by a list that was wrong about it, and paid back
        return [{"reserve", "release"}, {"reserve", "capture", "refund"}]
    return [{"reserve", "release"}]


# What a credit of each kind of line does to available, reserved and spent (PROMISES 2.6).
_EFFECTS = {
    "grant": (1, 0, 0),
    "reserve": (-1, 1, 0),
    "capture": (0, -1, 1),
    "release": (1, -1, 0),
    "expire": (-1, 0, 0),
    "inbound": (-1, 0, 1),
    "refund": (1, 0, -1),
    "adjust": (1, 0, 0),
}


def _wrong_balances(case: Case) -> Iterator[Finding]:
    """The counters are the sums of the lines (I5)."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for entry in case.entries:
        for place, effect in enumerate(_EFFECTS[entry.kind]):
            sums[entry.account][place] += effect * entry.credits
    for balance in case.balances:
        shown = [balance.available, balance.reserved, balance.spent]
        if shown != sums[balance.account]:
            sentence = f"counters {shown}, lines {sums[balance.account]}"
            yield Finding(Crime.CREDIT, balance.account, sentence)
        if balance.reserved:
            sentence = f"{balance.reserved} credits are still set aside"
            yield Finding(Crime.CREDIT, balance.account, sentence)


def _after_stop(case: Case, leaving: list[int]) -> Iterator[Finding]:
    """Nothing is cleared for a person who has stopped; what was leaving already is bounded (I3)."""
    stops: dict[str, list[Stop]] = defaultdict(list)
    for stop in case.stops:
        stops[stop.person].append(stop)
    texts = {text.id: text for text in case.texts}
    in_flight: Counter[Stop] = Counter()
    confirmed: dict[Stop, set[str]] = defaultdict(set)
    for create in case.creates:
        text = texts.get(create.text or "")
        for stop in _in_force(stops[create.to], create.at):
            if text is not None and text.purpose == STOP_CONFIRMATION:
                confirmed[stop].add(text.id)
                continue
            cleared_at = case.cleared.get((create.text or "", create.attempt))
            about = create.text or str(create.seq)
            if cleared_at is None:
                yield Finding(Crime.AFTER_STOP, about, "handed over without a record of it")
            elif stop.stored_at < cleared_at:
                late = cleared_at - stop.stored_at
                yield Finding(Crime.AFTER_STOP, about, f"cleared {late:.3f} s after the STOP")
            else:
                in_flight[stop] += 1
    leaving[0] = in_flight.total()
    for stop, count in in_flight.items():
        if count > case.most_in_flight:
            yield Finding(Crime.AFTER_STOP, stop.person, f"{count} texts were leaving at once")
    for stop, told in confirmed.items():
        # That of an opt-out which was taken back may have been late.
        late = {one.lifted_at for one in stops[stop.person] if _is_lifted(one, stop.stored_at)}
        if len(told) > 1 + len(late):
            yield Finding(Crime.AFTER_STOP, stop.person, f"confirmed {len(told)} times")


def _is_lifted(stop: Stop, at: float) -> bool:
    return stop.lifted_at is not None and stop.lifted_at <= at


def _in_force(stops: Iterable[Stop], at: float) -> Iterator[Stop]:
    for stop in stops:
        if stop.stored_at < at and not _is_lifted(stop, at):
            yield stop


def _late(case: Case) -> Iterator[Finding]:
    """What was cleared is handed over soon or never: a STOP may have come since (I3)."""
    for create in case.creates:
        cleared_at = case.cleared.get((create.text or "", create.attempt))
        if cleared_at is None:
            continue
        leapt = sum(by for at, by in case.leaps if cleared_at <= at < create.at)
        waited = create.at - cleared_at - leapt
        if waited > case.posts_within:
            about = create.text or str(create.seq)
            yield Finding(Crime.LATE, about, f"handed over {waited:.1f} s after it was cleared")


def _standings(case: Case) -> Iterator[Finding]:
    """In the end each person is where their last word at the carrier puts them (I3).

    A STOP counts however it was learned of; a START that was never heard need not.
    """
    for last in case.last_words:
        if last.is_stop and not last.is_out:
            yield Finding(Crime.STANDING, last.person, "said STOP last, and may be texted")
        elif not last.is_stop and last.is_heard and last.is_out:
            yield Finding(Crime.STANDING, last.person, "said START last, and may not be texted")


def _behind(case: Case) -> Iterator[Finding]:
    """How a text ended at the carrier is known here, by a callback or by the daily sweep (I2)."""
    for text in case.texts:
        status = case.statuses.get(text.sid or "")
        if text.state in ACCEPTED_FAMILY and status in ENDS and text.state != status:
            yield Finding(Crime.BEHIND, text.id, f"{text.state}, {status} at the carrier")
