"""Plain words that end consent are understood, and ordinary talk is left alone (Q-4)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.messaging.rules.keywords import STOP_WORDS
from portal.messaging.rules.revocation import Revocation, detect

REVOKED = [
    # The phrases of the law's reading and of the rule itself.
    "please stop", "Please stop.", "PLEASE STOP!!!", "stop please", "Stop, please", "stop texting me",
    "stop texting", "Please stop texting me", "take me off your list", "Take me off this list please",
    "wrong number", "Wrong number.", "sorry, wrong number", "You have the wrong number", "do not contact",
    "Do not contact me again", "leave me alone", "LEAVE ME ALONE", "remove me", "Remove me from your list",
    "remove my number", "please remove", "don't text me", "Don’t text", "do not text this number",
    "stop all", "Stop it", "STOP STOP STOP", "just stop", "no more texts", "No more messages please",
    # Hasty fingers.
    "pls stop", "plz stop", "stp txting me", "dont text", "dnt txt me", "stpo", "Stopp", "STOOOOP", "st0p",
    "s t o p", "sotp", "quit txting me", "wrng number", "wrong #", "unsuscribe", "unsubcribe pls", "unsub",
    "plase stop mesaging me", "tke me off ur list", "remve me", "dont contct me", "pls dont txt anymore",
    # Longer talk around the plain words.
    "Hi Bob, thanks but we found a house already. Please stop texting.", "not interested stop",
    "Not interested. Stop texting me!", "I said STOP", "I already told you to stop", "Can you stop texting me?",
    "How do I stop these messages?", "how do i unsubscribe", "Please unsubscribe me", "I want to opt out",
    "opt me out please", "I no longer wish to receive these messages", "I don't want any more texts from you",
    "I do not want to be contacted", "don't ever text me again", "Do not send me any more messages",
    "I'm not interested, take my number off your list", "Lose my number", "delete my number", "who is this? stop",
    "I revoke my consent", "I never consented to these texts", "cease and desist", "quit bothering me",
    "put me on your do not call list", "Stop sending me listings", "stop spamming me", "Stop messaging this number",
    "I bought a home with someone else so you can take me off the list", "fuck off", "go away",
    "This isn't Maya's number anymore", "stop contacting me or I'll report you", "unsubscribe please",
    "STOP TEXTING ME OR I WILL CALL MY LAWYER", "kindly stop all messages", "I would like to stop getting these texts",
    # Exact keywords.
    "STOP", "Unsubscribe", "cancel", "END", "quit", "revoke", "opt out", "OPT-OUT", "StopAll", "stop 🛑",
    # Spanish.
    "quitar de la lista", "Quíteme de su lista", "no me mande mensajes", "No me manden más mensajes por favor",
    "ya no quiero mensajes", "Ya no quiero recibir textos", "ya no me escriba", "alto", "¡ALTO!", "basta", "ya basta",
    "Por favor pare", "deje de mandarme mensajes", "número equivocado", "Se equivocó de número", "no más mensajes",
    "Déjeme en paz", "borre mi número", "no me contacte", "dar de baja", "no quiero que me manden mensajes",
    "por favor deje de escribirme", "elimine mi numero de la lista", "ya no me textee",
    # Found by trying.
    "quit it", "We already bought a house please stop", "stahp", "yeah stop", "Reported as spam",
    "ya no quiero recibir nada", "no mas", "detener mensajes", "Unsubscribed", "Kindly desist from texting me",
    "new number, wrong person", "STOP PLEASE I AM NOT SELLING", "Not selling stop asking",
    "I'd rather you didn't text me", "S.T.O.P", "🛑", "If you don't stop texting me I will report you",
    "Why won't you stop texting me?", "You never stop texting me", "don't text me, call me",
    "stop texting me at work",
    "Hey can you quit texting me thanks", "I'd prefer if you stopped texting me", "Pls take me off", "take my phone off your list",
    "You got the wrong number dude", "wrong number. Please delete", "I dont live there anymore stop texting",
    "We moved. Take us off your list", "Please cease texting", "STOP sending messages", "Stop w/ the messages", "stop messages",
    "I don't want your texts", "i do not want texts", "Please do not send me any more texts", "No more calls or texts",
    "Don't text me ever again", "quit contacting me please", "remove me from ALL lists", "Kindly take me off your mailing list",
    "no longer need your services please remove me", "I'm going to report you if you text me again",
    "please leave me alone I'm not interested", "Not the right person, remove me", "Can I be removed from this list",
    "this is a business line do not text", "Never message me again", "I want to unsubscribe", "unsubscribe all",
    "stop plz im at a funeral", "enough texts", "You have been told to stop", "I've asked to be removed from your list",
    "how many times do I have to say stop", "stop it now", "Opt me out of these texts", "por favor ya no me manden textos",
    "no me escribas", "Deje de mandar mensajes por favor", "quítenme de su lista de contactos", "no quiero que me contacten",
    "ya pare de escribirme", "basta de textos", "no soy esa persona, número equivocado", "no me mandes más", "ya no me molesten",
    "Elimine mi número por favor", "no quiero recibir textos", "hi please dont send me anything else",
    "ok thats it, stop messaging me", "I have asked nicely. Stop.", "Can u pls stop w these", "remove this # from ur list",
    "Take this number off your list", "Wrong number!! Stop!!", "You texted the wrong person",
    "Nobody named Maya here, wrong number", "Please, no more messages.", "No more msgs",
    "I'm not interested in getting texts from realtors", "pls leave my family alone", "please do not contact us",
    "Do not contact my number", "I don't know you, please stop", "We are not selling, please stop texting",
    "Unsubscribe from this list", "Opt out of texts", "I hereby revoke my consent to receive text messages",
    "not interested, take me off ur list thx", "Never call or text me again", "stop sending me these stupid texts",
    "do not message", "Get me off this text thread", "por favor quiteme de esta lista", "no mande mas mensajes",
    "dejen de mandarme textos", "ya no quiero recibir mensajes de ustedes", "Me equivoco? número equivocado amigo",
]  # fmt: skip
TALK = [
    # Ambiguous words of the trade.
    "cancel the showing", "Can we cancel tomorrow's tour?", "stop by at 5", "please stop by",
    "Please stop by the office to sign", "I'll stop by after work", "can you stop at the house on your way?",
    "end of the week", "End of month works", "don't stop sending listings!", "Please don't stop, these are great",
    "I quit my job", "remove the fence", "They need to remove the old carpet", "unsubscribe me from emails?",
    "is this the wrong number for Maya?", "Do I have the wrong number for the lender?", "opt out of the inspection",
    "Can buyers opt out of the HOA?", "bus stop is right outside", "is there a stop sign on the corner",
    "we had to stop looking for a while", "The stop payment went through", "non-stop showings today",
    "stop showing me houses over 500k", "take the house off the market", "remove my name from the deed",
    "take me off the title please", "Seller revoked the offer", "leave the keys on the counter",
    "Leave me a message at the office", "leave me the key under the mat", "when does the lease end",
    "The listing ends Friday", "cancel my appointment for 3pm", "I want to cancel the contract", "please cancel the inspection",
    "wrong number of bedrooms on the listing", "I called the wrong number earlier, sorry", "the sign has the wrong number",
    "I think I gave you the wrong number for the lockbox", "don't text and drive lol", "text me when you get there",
    "Don't contact the seller directly", "do not contact the tenant before 9", "If you don't text me I'll assume we're on",
    "you dont text much", "He doesn't text me back", "why don't you text me the address", "sorry my phone was on do not disturb",
    "I can't stop thinking about that kitchen", "My ex won't stop texting me lol", "why did you stop texting me?",
    "why did you stop sending listings", "I don't want to miss any texts", "I don't want to unsubscribe",
    "please don't remove me from your list", "sorry I texted STOP by accident", "if I reply STOP do I lose the listings?",
    "what does reply STOP mean", "Did you get my text", "no thanks", "Not interested in that one", "we already have an agent",
    "Who is this?", "call me", "Please call, don't email", "stop emailing me, text is better", "The dog won't leave me alone haha",
    "I hope rates go away from 7%", "that smell won't go away", "full stop", "one stop shop", "pit stop then heading over",
    "Could you end the call early next time", "they quit claimed the deed", "remove the contingency", "no more than 400k",
    "No more bedrooms needed", "Enough room for a pool?", "the agent told the tenant to stop smoking",
    "I told the other agent to stop texting me", "Don't send the contract yet", "can you send me more listings",
    "We want out of the contract", "drop me a pin", "get me off work early ha", "delete the old listing photos",
    "We close at the end of March", "Stop the car at the gate and call me", "please stop the showings this weekend",
    "Liked “Hi Maya, it's Bob at Juniper. Reply STOP to unsubscribe.”", "Yes", "START", "HELP", "", "👍", "5pm works",
    # Spanish.
    "ya no quiero esa casa", "el techo es muy alto", "¿Para cuándo?", "para mi esposa", "no me mande el contrato todavía",
    "no me molesta el ruido", "no deje de mandarme casas", "cancelar la cita", "quitar la cerca", "quiero bajar el precio",
    "¿es este el número equivocado?", "¿puede parar en la casa?", "no me llame, mándeme un texto", "no más de 400 mil",
    "la casa de la baja esquina", "¿Me deja ver la casa?", "no es suficiente",
    # Found by trying.
    "sorry that was the wrong number", "I said stop signs are annoying",
    "i dont have this number saved who is this", "Can you remove me from the email list? texts are good",
    "Don't send me listings over 500k", "don't send me the keys", "the HOA sent a cease and desist to the owner",
    "stop calling, just text me", "Don't call me, text me", "Not interested", "take 44 Elm off the list",
    "don't text me after 9pm", "👍 to “Reply STOP to opt out”", "¿Para?", "Le gustó “Responda STOP para cancelar”",
    "Please stop at the leasing office first", "I'm going to quit my lease early", "can you take a look at 44 elm",
    "take us through the house again", "is the number on the sign yours", "The number you gave me was wrong",
    "I got the wrong key", "Do not accept that offer", "do not counter yet", "Don't send the earnest money yet",
    "don't contact the bank until Monday", "please remove the lockbox", "remove that clause", "can we remove the sale contingency",
    "leave the lights on", "leave a key for us", "will the rain stop by Sunday", "when will the construction stop",
    "the bus doesn't stop there", "they want to end the deal", "end unit or middle unit?", "does the HOA stop rentals",
    "I don't want to pay over asking", "I don't want to get outbid again", "I don't want any surprises at closing",
    "no more surprises please", "no contact info on the listing", "we have no contact with the seller", "I never got the message",
    "never got your text", "haven't received the docs", "no texts from the lender yet", "I'll text you after work",
    "texting from my wife's phone", "sorry I'm bad at texting", "Stop! I love it", "OMG stop that kitchen is gorgeous",
    "cancel the offer please", "Please cancel our appt", "how do I cancel the inspection", "how do we get out of this contract",
    "opt for the bigger lot", "we opted out of the warranty", "are we off the waitlist", "Unsubscribed from Zillow finally lol",
    "Can you forward my number to the lender", "delete my last text, wrong chat", "you can remove me from the Tuesday showing",
    "I moved, new number is 303-555-0101", "Is this still a good number for you?", "wrong house number on the docs",
    "that's the wrong unit number", "the lender has the wrong number for me", "quítale la cerca", "no puedo hoy",
    "no me han llamado", "no quiero hablar por teléfono, mejor texto", "¿puede parar por la casa?", "la casa está en un alto",
    "ya no quiero el condominio", "Could you stop at the UPS store?", "We should stop overthinking and write the offer",
    "I don't think we should stop here", "don't need a garage", "I don't need anything else, thanks",
    "please take my offer to the seller", "do you have a list?", "list it for 450", "send us the number of the inspector",
    "My number is 303 555 0199", "can I have the seller's number", "the wrong key was in the lockbox",
    "he's the wrong agent for us", "We aren't interested anymore in the duplex", "leave by 3", "alone it is worth 300k",
    "please remove the for sale sign", "removing the popcorn ceiling costs 3k", "I'd like to be removed from the title",
    "contact the lender please", "call or text anytime", "No contact from the appraiser", "We don't have a text from you",
    "I unsubscribed from Redfin alerts", "don't send me to voicemail lol", "when does option period end", "cancel my earlier text",
    "no, cancel that", "let's quit while ahead", "quit kidding", "Will they stop the bidding at 500k?",
    "please stop me if I'm wrong", "I don't want to hear from the seller's agent", "no me mande a la otra casa",
    "quiero quitar la pared", "el numero de la casa", "basta con verla una vez", "pare en la esquina", "alto ahi, buen precio",
]  # fmt: skip

# Written before the rule was first run, and kept apart: neither list guides a pattern.
HELD_OUT_REVOKED = [
    "Plz quit messaging me", "stop w the texts already", "Please take me off of this text list", "TAKE ME OFF",
    "i dont want these texts", "Please do not message me anymore", "remove us from your contacts",
    "You've got the wrong person", "This is not her number, stop", "I asked you to stop", "please discontinue all messages",
    "get me off this list", "I did not sign up for this, stop", "No texts please", "would you please stop texting this phone",
    "stop sending this stuff", "stop bugging me", "Im on the do not call list", "dont msg me again",
    "We bought last year, please remove us", "unsubcribe", "Unsubscribe!!", "pleas stop txtng", "stop contacting my phone",
    "opt-out please", "I'd like to be removed from your list", "please delete my info", "erase my number",
    "not selling. leave me alone.", "No longer interested, please stop sending messages", "I withdraw my consent",
    "Never text this number again", "You need to stop", "enough with the texts", "how can I get off this list?",
    "can you please take my number out of your system", "Piss off", "STOP!! I have told you 3 times",
    "Hey I think you have the wrong number", "wrong number lol", "wrong number bro, this is Kevin",
    "don't reach out again", "please refrain from contacting me", "I don't wish to hear from you",
    "dejen de molestar", "no quiero más mensajes", "Sáquenme de la lista", "no me escriban más", "ya no me mande nada",
    "Está equivocado de número", "quiten mi número por favor", "PARE", "no me llamen ni me escriban", "Detente",
    "favor de no contactarme", "no deseo recibir mensajes", "stop all txts", "reply stop", "kindly remove my number from ur database",
    "stop harassing me with these messages",
]  # fmt: skip
HELD_OUT_TALK = [
    "Can you stop and grab the sign?", "What time does the open house end?", "we may stop in Sunday",
    "Is there a bus stop nearby?", "I'd cancel the tour, it's snowing", "How do I cancel my offer?", "ok end of discussion lol we want it",
    "does the seller want to remove the hot tub", "Take it off the list of houses to see", "Take 12 Oak off our list, too small",
    "remove 44 Pine from my favorites", "I don't want a pool", "I do not want carpet", "Don't want to lose this one!",
    "please don't forget the lockbox code", "Don't call, texting is easier", "don't call me at work, text instead",
    "Please do not contact my wife yet, it's a surprise", "what's the number for the lender", "is it the wrong time to sell",
    "I have the wrong address in my GPS", "sorry, wrong chat", "I must have typed the wrong number", "Are you the agent for 12 Elm?",
    "Leave it with the concierge", "left you a voicemail", "my husband quit smoking", "quit claim deed needed?",
    "stop light at Main and 3rd", "do they allow short stop rentals", "next stop, closing day!", "This is the last stop on our tour",
    "We stopped by yesterday", "stopping by at noon", "Can you stop over at 4", "I can stop payment on the check",
    "please stop the auto renewal on the lease", "please stop work on the roof until I see it", "Keep the texts coming!",
    "Keep me on your list please", "Never mind, keep sending them", "I never stop looking at houses", "Texting is fine",
    "no text came through", "I didn't get your text", "Didn't mean to say stop, sorry", "Don't take me off the list",
    "please do not remove us from the list", "How many texts do I get a week?", "Send me the list", "add me to your list",
    "I'm off the list for that condo?", "what is the HOA opt out fee", "revoke the POA?", "they want to end the listing agreement",
    "Is consent from the HOA required?", "I consent to the inspection", "We no longer want the shed", "no longer want 3 bedrooms, 4 please",
    "do you know who to contact about water", "who do I contact for the keys", "don't bother bringing the paperwork",
    "Is the dog going to bother you", "the neighbors are annoying, leave them alone", "alone in the house at 5?",
    "Please delete the second offer", "block off 3pm for me", "the road is blocked", "Delete that, typo", "is spam folder where it went?",
    "Your email went to spam", "Loved “Stop by any time!”", "Laughed at “please stop it you're too funny”", "ok thank you",
    "See you at 6", "What's the asking price?", "Is it still available?", "We love it, can we make an offer?", "We can't make it Saturday",
    "Running 10 min late", "Does it have a basement", "What school district", "Are pets allowed?", "How much are HOA dues?",
    "Yes please", "No that's too far", "Maybe next year", "We're not ready yet", "We sold it already", "Send comps pls",
    "preapproved for 450", "Can we see 3 homes Sunday?", "Thanks Bob!", "who's the listing agent", "is the seller motivated",
    "Any update on the appraisal?", "I'm at the door", "gate code?", "the garage door won't stop beeping", "Seller wants to stop negotiating",
    "stop me if you've heard this but is the price firm", "how close is the metro stop", "I'd remove the popcorn ceiling",
    "ya paramos en la casa", "el alto de la barda", "¿cuándo termina el contrato?", "no quiero perder esta casa", "quiero quitar la alfombra",
    "¿a qué hora para el autobús?", "mándeme más casas por favor", "no me llegó su mensaje", "¿me puede mandar la lista?", "bueno, gracias",
    "no tengo prisa", "es para mi mamá", "no quiero una casa tan grande", "la lista está muy bien", "cancele la cita de mañana",
    "numero de cuartos?",
]  # fmt: skip

AROUND = st.text(st.sampled_from(' \t\n.,!"*🛑👍\u200b\u00a0'), max_size=4)
FLOODS = [
    "stop ", "a ", "please stop by ", "dont ", "stop all the these your ", "no quiero ", "x", "1", ".,?!", "s t o p ",
    "remove me from the the ", "liked “", "never ever please you ", "no more . ", "i told my other ", "no no no please ",
]  # fmt: skip


def misjudged(bodies, *, is_revocation):
    return [body for body in bodies if detect(body).is_revocation is not is_revocation]


@pytest.mark.parametrize("body", REVOKED)
def test_plain_words_revoke(body):
    found = detect(body)
    assert found.is_revocation
    assert found.matched
    assert found.matched in body


@pytest.mark.parametrize("body", TALK)
def test_ordinary_talk_does_not(body):
    assert detect(body) == Revocation(is_revocation=False, matched=None)


def test_words_not_written_for_the_rule_are_judged_alike():
    """Recall of at least 98 % and under 2 % false alarms on a list kept apart (Q-4)."""
    missed = misjudged(HELD_OUT_REVOKED, is_revocation=True)
    alarms = misjudged(HELD_OUT_TALK, is_revocation=False)
    caught = len(HELD_OUT_REVOKED) - len(missed)
    assert caught / len(HELD_OUT_REVOKED) >= 0.98, missed
    assert len(alarms) / len(HELD_OUT_TALK) < 0.02, alarms
    assert caught / (caught + len(alarms)) >= 0.98, alarms


def test_the_lists_are_long_and_apart():
    lists = [REVOKED, TALK, HELD_OUT_REVOKED, HELD_OUT_TALK]
    assert all(len(bodies) >= 60 for bodies in lists)
    assert len(set().union(*lists)) == sum(map(len, lists))


@pytest.mark.parametrize(
    ("body", "matched"),
    [
        ("We found one, so please  stop   texting me. Bob", "stop   texting"),
        ("Hola, por favor quíteme de la lista ya", "quíteme de la lista"),
        ("Sorry - wrng nunber!", "wrng nunber"),
        (" Stop. ", "Stop."),
    ],
)
def test_the_words_are_quoted_as_written(body, matched):
    assert detect(body).matched == matched


@given(st.sampled_from(sorted(STOP_WORDS)), AROUND, AROUND)
def test_a_keyword_is_a_revocation(word, before, after):
    assert detect(before + word + after).is_revocation


@given(st.sampled_from(REVOKED[:32]), AROUND, AROUND)
def test_case_and_marks_around_change_nothing(body, before, after):
    assert detect(before + body.upper() + after).is_revocation


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(body):
    found = detect(body)
    assert found.is_revocation is (found.matched is not None)
    assert found.matched is None or found.matched in body


@pytest.mark.parametrize("piece", FLOODS)
def test_a_flood_takes_no_time(piece):
    begun = time.process_time()
    detect((piece * 20_000)[:20_000])
    assert time.process_time() - begun < 2
