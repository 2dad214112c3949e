"""Texting by API: send one text, ask what became of it, ask whether a number may be texted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, url_for

from portal.core.access import Scope
from portal.core.errors import BadInput, NotFound
from portal.core.settings import settings
from portal.dnc.rules.verdict import CODES as CALL_LISTS
from portal.integrations.api.operations import Answer, Call, Operation, Returns, operation
from portal.integrations.api.problems import GATE, PROBLEM, Problem, body_of, of_rule
from portal.integrations.rules.shapes import (
    Choice,
    Count,
    Flag,
    ListOf,
    Maybe,
    Text,
    Thing,
    identifier,
    moment,
    number,
)
from portal.integrations.service import written
from portal.messaging import queries
from portal.messaging.errors import NonceReused
from portal.messaging.rules.parts import worst
from portal.messaging.service import asking
from portal.messaging.service.wording import LONGEST_TEMPLATE
from portal.messaging.values import Fate, Gate, Kind, State, TextView
from portal.texting_accounts.values import AccountRef

bp = Blueprint("messaging_api", __name__)

ONE_TO_ONE: Final = "one_to_one"
KINDS: Final[Mapping[str, Kind]] = {ONE_TO_ONE: Kind.ONE_TO_ONE, "marketing": Kind.BULK}
_WORDS_OF: Final = {kind: word for word, kind in KINDS.items()}
_KIND: Final = Choice(
    "one_to_one: a person writes to a person. marketing: anything else; it needs consent in "
    "writing that names it.",
    tuple(KINDS),
    default=ONE_TO_ONE,
)
_TO: Final = number("Who is texted, as E.164.")
_ID: Final = "5f0c9d3e-6b1a-4e0f-9a52-0c6de9a1b7f4"

NEW_MESSAGE: Final = Thing(
    "NewMessage",
    "One text to one number.",
    {
        "to": _TO,
        "body": Text(
            "The text. Merge fields like {first_name} are filled in from the contact.",
            LONGEST_TEMPLATE,
            least=1,
        ),
        "kind": _KIND,
        "accept_warnings": Flag(
            "true: whoever wrote the text has read what the content check warns of, and sends it."
        ),
    },
    optional=frozenset({"kind", "accept_warnings"}),
)
QUEUED: Final = Thing(
    "QueuedMessage",
    "A text that is on its way, or waits for its time.",
    {
        "id": identifier("The text's id."),
        "verdict": Choice("go: it leaves now. held: it waits until held_until.", ("go", "held")),
        "held_until": Maybe(moment("When a held text leaves.")),
        "gate": Maybe(GATE),
        "to": _TO,
        "kind": Choice("As it was asked.", tuple(KINDS)),
        "parts": Count("How many texts it takes: the carrier takes 1,600 characters in one."),
        "segments": Count("Carrier segments, which daily limits count."),
        "credits": Count("Credits reserved; charged when the carrier takes the text."),
    },
    parts=(GATE,),
)
_MOST_PARTS: Final = 20
PART: Final = Thing(
    "MessagePart",
    "What became of one part of a text.",
    {
        "id": identifier("The part's id; that of the first is the text's."),
        "state": Choice("Where it stands.", tuple(state.value for state in State)),
        "reason_code": Maybe(Text("Why it is held, blocked or ended, for programs.", 40)),
        "held_until": Maybe(moment("When a held part leaves.")),
        "error_code": Maybe(Count("The carrier's error code.")),
    },
)
MESSAGE: Final = Thing(
    "Message",
    "What became of a text. Of one in parts, state and reasons are those of the part that fares "
    "worst: it is delivered once every part is.",
    {
        "id": identifier("The text's id."),
        "to": Maybe(_TO),
        "kind": Choice("As it was asked.", tuple(KINDS)),
        "state": Choice("Where it stands.", tuple(state.value for state in State)),
        "state_label": Text("The same for people.", 60),
        "reason_code": Maybe(Text("Why it is held, blocked or ended, for programs.", 40)),
        "reason": Maybe(Text("Why it is held, blocked or ended, for people.", 500)),
        "held_until": Maybe(moment("When a held text leaves.")),
        "error_code": Maybe(Count("The carrier's error code.")),
        "created_at": moment("When it was asked for."),
        "parts": ListOf("Its parts, in order; most texts have one.", PART, _MOST_PARTS),
    },
    parts=(PART,),
)
MAY_TEXT: Final = Thing(
    "MayText",
    "Whether a text of this kind would go to this number right now.",
    {
        "number": _TO,
        "kind": Choice("As it was asked.", tuple(KINDS)),
        "allowed": Flag("true: no rule is in the way now."),
        "gates": ListOf("Every rule that is in the way (S-2), in order.", GATE, 40),
    },
    parts=(GATE,),
)
_NO_CONSENT: Final = {
    "code": "consent_missing",
    "sentence": "There is no record that this person agreed to be texted.",
    "outcome": "blocked",
    "held_until": None,
    "fix": {"label": "Record consent", "url": "https://texts.example.com/accounts/1/consent"},
}


@operation(
    bp,
    Operation(
        "POST",
        "/messages",
        Scope.SEND_MESSAGES,
        "send_message",
        "Send one text",
        "Goes through the same rules, limits and credits as a text sent by hand (S-2). A refusal "
        "is kept under its Idempotency-Key too: mend the cause, then ask with a new key.",
        (
            Returns(
                202,
                "Queued, or held until a time.",
                QUEUED,
                {
                    "id": _ID,
                    "verdict": "go",
                    "held_until": None,
                    "gate": None,
                    "to": "+13125550142",
                    "kind": ONE_TO_ONE,
                    "parts": 1,
                    "segments": 1,
                    "credits": 1,
                },
            ),
            Returns(
                422,
                "A rule stops it; `gates` names every rule that does, the deciding one first.",
                PROBLEM,
                body_of(422, "text_refused", str(_NO_CONSENT["sentence"]), gates=[_NO_CONSENT]),
            ),
        ),
        request=NEW_MESSAGE,
        example={
            "to": "+13125550142",
            "body": "Juniper Realty: the house on Elm Street is open at 2.",
        },
    ),
)
def send_message(call: Call) -> Answer:
    """Queue one text, or say which rules stop it."""
    to, kind = call.body["to"], call.body.get("kind", ONE_TO_ONE)
    try:
        parts = asking.send_one(
            call.account,
            to,
            call.body["body"],
            KINDS[kind],
            nonce=call.nonce,
            actor=call.actor,
            takes_warnings=call.body.get("accept_warnings", False),
        )
    except asking.Refused as error:
        shut = [_gate(call.account, gate, to) for gate in error.gates]
        return Answer(422, body_of(422, error.code, error.message, gates=shut))
    except NonceReused as error:  # its kept answer is forgotten, its text is not
        raise Problem(409, "idempotency_key_reused", error.message) from error
    except BadInput as error:
        raise of_rule(error, "body") from error
    return Answer(202, _queued(call.account, parts, to, kind))


@operation(
    bp,
    Operation(
        "GET",
        "/messages/<uuid:message_id>",
        Scope.SEND_MESSAGES,
        "message",
        "What became of a text",
        "States move forward only; delivered, undelivered, failed, rejected, blocked, canceled, "
        "expired and unconfirmed are the last ones.",
        (
            Returns(
                200,
                "The text as it stands.",
                MESSAGE,
                {
                    "id": _ID,
                    "to": "+13125550142",
                    "kind": ONE_TO_ONE,
                    "state": "delivered",
                    "state_label": "Delivered",
                    "reason_code": None,
                    "reason": None,
                    "held_until": None,
                    "error_code": None,
                    "created_at": "2026-03-02T18:00:00Z",
                    "parts": [
                        {
                            "id": _ID,
                            "state": "delivered",
                            "reason_code": None,
                            "held_until": None,
                            "error_code": None,
                        }
                    ],
                },
            ),
            Returns(
                404,
                "The account has no such text.",
                PROBLEM,
                body_of(404, "not_found", "We can't find that text."),
            ),
        ),
        in_path={"message_id": identifier("The id the text was given when it was queued.")},
    ),
)
def message(call: Call) -> Answer:
    """Say where a text of the account stands."""
    parts = queries.parts_of(call.account.tenant, call.path["message_id"])
    kind = parts[0].kind
    if kind is None or kind not in _WORDS_OF:
        raise NotFound("We can't find that text.")  # a notice of ours
    state = worst(part.state for part in parts if part.state is not None)
    text = next(part for part in parts if part.state is state)
    return Answer(
        200,
        {
            "id": str(parts[0].id),
            "to": text.e164,
            "kind": _WORDS_OF[kind],
            "state": text.state,
            "state_label": text.state_label,
            "reason_code": text.reason_code,
            "reason": text.reason,
            "held_until": _moment(text.until),
            "error_code": text.error.code if text.error else None,
            "created_at": written(text.at),
            "parts": [
                {
                    "id": str(part.id),
                    "state": part.state,
                    "reason_code": part.reason_code,
                    "held_until": _moment(part.until),
                    "error_code": part.error.code if part.error else None,
                }
                for part in parts
            ],
        },
    )


@operation(
    bp,
    Operation(
        "GET",
        "/numbers/<string:e164>/may-text",
        Scope.READ_NUMBERS,
        "may_text",
        "May this number be texted now?",
        "Asks every rule a text would meet, and changes nothing. The rules are asked again when "
        "a text is sent and once more before it leaves.",
        (
            Returns(
                200,
                "Yes, or no with every reason.",
                MAY_TEXT,
                {
                    "number": "+13125550142",
                    "kind": ONE_TO_ONE,
                    "allowed": False,
                    "gates": [_NO_CONSENT],
                },
            ),
        ),
        in_path={"e164": number("The number, as E.164; write the plus sign as + or %2B.")},
        in_query={"kind": _KIND},
    ),
)
def may_text(call: Call) -> Answer:
    """Say which rules stand between the account and a number."""
    e164, kind = call.path["e164"], call.query.get("kind", ONE_TO_ONE)
    shut = asking.shut_gates(call.account, e164, KINDS[kind])
    told = [_gate(call.account, gate, e164) for gate in shut]
    return Answer(200, {"number": e164, "kind": kind, "allowed": not told, "gates": told})


def _queued(account: AccountRef, parts: Sequence[TextView], to: str, kind: str) -> dict[str, Any]:
    first = parts[0]
    is_held = first.state is State.HELD
    gate = None
    if is_held and first.reason_code and first.reason:
        endpoint, label = first.fix_endpoint, first.fix_label
        gate = _gate(
            account,
            Gate(first.reason_code, first.reason, Fate.HELD, endpoint, label, first.until),
            to,
        )
    return {
        "id": str(first.id),
        "verdict": "held" if is_held else "go",
        "held_until": _moment(first.until) if is_held else None,
        "gate": gate,
        "to": to,
        "kind": kind,
        "parts": len(parts),
        "segments": sum(part.segments for part in parts),
        "credits": sum(part.credits for part in parts),
    }


def _gate(account: AccountRef, gate: Gate, to: str) -> dict[str, Any]:
    fix = None
    if gate.fix_endpoint is not None:
        phone = to if gate.code in CALL_LISTS else None
        path = url_for(gate.fix_endpoint, account_id=account.id, phone=phone)
        fix = {"label": gate.fix_label or "Mend it", "url": settings().public_url + path}
    return {
        "code": gate.code,
        "sentence": gate.sentence,
        "outcome": gate.outcome.value,
        "held_until": _moment(gate.held_until),
        "fix": fix,
    }


def _moment(at: datetime | None) -> str | None:
    return written(at) if at else None
