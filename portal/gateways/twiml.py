"""What a caller hears and to whom a call goes on, in the carrier's words for it (N-8)."""

from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]


def go_on(phone: str, *, caller_id: str, ended_url: str, ring_s: int) -> str:
    """Return what lets a call ring at this phone; the caller goes on hearing it ring."""
    response = VoiceResponse()
    dial = response.dial(
        caller_id=caller_id,
        answer_on_bridge=True,
        timeout=ring_s,
        action=ended_url,
        method="POST",
    )
    dial.number(phone)
    return str(response)


def say(*sentences: str) -> str:
    """Return what says these sentences, with a pause between, and ends the call."""
    response = VoiceResponse()
    for place, sentence in enumerate(sentences):
        if place:
            response.pause(length=1)
        response.say(sentence, language="en-US")
    response.hangup()
    return str(response)


def end() -> str:
    """Return what ends the call without a word."""
    response = VoiceResponse()
    response.hangup()
    return str(response)
