"""Ready wording in English and Spanish, and the words around it (C-3).

The ready wording speaks of texts alone, apart from calls, and has STOP and HELP in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from portal.consent.values import TALK_ONLY
from portal.contacts.values import Language
from portal.optin.errors import ContentRefused
from portal.optin.values import Ask, Content

LANGUAGE_WORDS: Final = {Language.EN: "English", Language.ES: "Spanish"}
# What stands in braces in a disclosure, and the field it is filled from.
SLOTS: Final = ("programme", "sender", "frequency", "help_contact")

_EN_DISCLOSURE: Final = (
    "I agree to receive recurring automated marketing texts about {programme} from {sender} at "
    "the mobile number above. Consent is not a condition of purchase. {frequency} Message and "
    "data rates may apply. Reply HELP for help or contact {help_contact}. Reply STOP to opt out "
    "at any time. This covers texts only, not calls."
)
_ES_DISCLOSURE: Final = (
    "Acepto recibir mensajes de texto recurrentes y automatizados de marketing sobre {programme} "
    "de parte de {sender} en el número de móvil indicado arriba. Aceptar no es condición de "
    "compra. {frequency} Pueden aplicarse tarifas de mensajes y datos. Responda HELP para recibir "
    "ayuda o escriba a {help_contact}. Responda STOP para cancelar en cualquier momento. Esto "
    "incluye solo mensajes de texto, no llamadas."
)
_EN_ONCE: Final = (
    "I agree to receive one text message about {programme} from {sender} at the mobile number "
    "above. "
    "Consent is not a condition of purchase. {frequency} Message and data rates may apply. This "
    "covers one text only, not calls."
)
_ES_ONCE: Final = (
    "Acepto recibir un mensaje de texto sobre {programme} de parte de {sender} en el número de "
    "móvil indicado arriba. Aceptar no es condición de compra. {frequency} Pueden aplicarse "
    "tarifas de mensajes y datos. Esto incluye un solo mensaje de texto, no llamadas."
)
_EN_MONTHLY: Final = "Message frequency varies, up to 4 messages a month."
_ES_MONTHLY: Final = "La frecuencia de los mensajes varía, hasta 4 mensajes al mes."


@dataclass(frozen=True, slots=True)
class Starter:
    """A form ready to be filled with the brokerage's own names."""

    key: str
    name: str
    language: Language
    about: str
    content: Content


def _english(title: str, intro: str, programme: str, **more: object) -> Content:
    base = Content(
        language=Language.EN,
        title=title,
        intro=intro,
        programme=programme,
        frequency=_EN_MONTHLY,
        disclosure=_EN_DISCLOSURE,
        button="Sign me up",
        thanks="You are on the list. Reply STOP to any text to leave it again.",
    )
    return replace(base, **more)  # type: ignore[arg-type]


def _spanish(title: str, intro: str, programme: str, **more: object) -> Content:
    base = Content(
        language=Language.ES,
        title=title,
        intro=intro,
        programme=programme,
        frequency=_ES_MONTHLY,
        disclosure=_ES_DISCLOSURE,
        button="Inscribirme",
        thanks="Ya está en la lista. Responda STOP a cualquier mensaje para salir de ella.",
    )
    return replace(base, **more)  # type: ignore[arg-type]


STARTERS: Final = (
    Starter(
        "listings-en",
        "New listings",
        Language.EN,
        "Recurring texts about homes that come on the market.",
        _english(
            "Texts about new homes",
            "New listings and price changes, before they are everywhere else.",
            "new listings and price changes",
        ),
    ),
    Starter(
        "open-house-en",
        "Open house",
        Language.EN,
        "For the door of an open house: details of this home, and others like it.",
        _english(
            "Texts about this home and others like it",
            "Details of the home you are seeing, its price changes, and homes like it nearby.",
            "this home, its price changes and similar homes nearby",
        ),
    ),
    Starter(
        "one-text-en",
        "One text",
        Language.EN,
        "A single text, such as the details of one home. It may leave out help and opt-out.",
        _english(
            "Get the details by text",
            "We text you the details of this home, once.",
            "the details of this home",
            frequency="You get one message for each request.",
            disclosure=_EN_ONCE,
            thanks="Your text is on its way.",
            kinds=TALK_ONLY,
            is_single_message=True,
        ),
    ),
    Starter(
        "listings-es",
        "Casas nuevas",
        Language.ES,
        "The same as New listings, in Spanish.",
        _spanish(
            "Mensajes sobre casas nuevas",
            "Casas nuevas y cambios de precio, antes que en ningún otro lugar.",
            "casas nuevas y cambios de precio",
        ),
    ),
    Starter(
        "open-house-es",
        "Casa abierta",
        Language.ES,
        "The same as Open house, in Spanish.",
        _spanish(
            "Mensajes sobre esta casa y otras parecidas",
            "Detalles de la casa que está viendo, sus cambios de precio y casas parecidas cerca.",
            "esta casa, sus cambios de precio y casas parecidas",
        ),
    ),
    Starter(
        "one-text-es",
        "Un mensaje",
        Language.ES,
        "The same as One text, in Spanish.",
        _spanish(
            "Reciba los detalles por mensaje",
            "Le enviamos los detalles de esta casa, una sola vez.",
            "los detalles de esta casa",
            frequency="Recibirá un mensaje por solicitud.",
            disclosure=_ES_ONCE,
            thanks="Su mensaje está en camino.",
            kinds=TALK_ONLY,
            is_single_message=True,
        ),
    ),
)

# The words of the page that nobody edits.
_EN: Final[Mapping[str, str]] = {
    "name": "Name",
    "phone": "Mobile number",
    "phone_help": "With area code, like (312) 555-0150",
    "email": "E-mail",
    "street": "Street address",
    "city": "City",
    "state": "State",
    "zip": "ZIP code",
    "optional": "optional",
    "links": "Ticking the box is your choice: without it we don't text you.",
    "policies": "Our privacy policy and terms",
    "privacy": "Privacy policy",
    "terms": "Terms",
    "honey": "Leave this field empty",
    "foot": "We keep a copy of this page as you saw it, so that you and we can show what you "
    "agreed to.",
    "done": "Thank you",
    "ask_yes": "One more step: we text you now. Answer YES, and you are signed up.",
    "next": "Next person",
    "closes": "This screen clears itself for the next person.",
    "fix": "Not sent yet. Please look at what is marked below.",
    "need_name": "Enter your name.",
    "need_phone": "Enter your mobile number.",
    "bad_phone": "This is not a mobile number we can text. Write it with its area code, like "
    "(312) 555-0150.",
    "need_email": "Enter your e-mail address.",
    "bad_email": "Write it like name@example.com.",
    "need_street": "Enter your street address.",
    "need_city": "Enter your city.",
    "need_state": "Enter your state.",
    "need_zip": "Enter your ZIP code.",
    "need_custom": "Fill this in.",
    "too_long": "Please keep this shorter.",
    "need_tick": "Tick the box if you want these texts. If not, just close this page: nothing "
    "was kept, and nothing else depends on it.",
    "stale": "This page was open for long or had been used. Everything you typed is still here: "
    "tick the box and send it again.",
    "quick": "That was very quick. Please read what the box says, then send it again.",
    "honeyed": "A field that nobody should see was filled in. Empty it and send again.",
    "full_near": "Many sign-ups came from your connection just now. Wait ten minutes, then send "
    "it again.",
    "full_phone": "This number was signed up several times today. Try again tomorrow.",
    "full_visitor": "Three people were signed up from this browser today. The next one can use "
    "their own phone.",
    "full_form": "Very many people are signing up just now. Wait ten minutes, then send it again.",
    "newer": "This form has changed since you opened it. Please read it again, tick the box and "
    "send it.",
}
_ES: Final[Mapping[str, str]] = {
    "name": "Nombre",
    "phone": "Número de móvil",
    "phone_help": "Con código de área, como (312) 555-0150",
    "email": "Correo electrónico",
    "street": "Dirección",
    "city": "Ciudad",
    "state": "Estado",
    "zip": "Código postal",
    "optional": "opcional",
    "links": "Marcar la casilla es su decisión: sin ella no le enviamos mensajes.",
    "policies": "Nuestra política de privacidad y términos",
    "privacy": "Política de privacidad",
    "terms": "Términos",
    "honey": "Deje este campo vacío",
    "foot": "Guardamos una copia de esta página tal como la vio, para que usted y nosotros "
    "podamos mostrar lo que aceptó.",
    "done": "Gracias",
    "ask_yes": "Un paso más: le enviamos un mensaje ahora. Responda YES y quedará inscrito.",
    "next": "Siguiente persona",
    "closes": "Esta pantalla se borra sola para la siguiente persona.",
    "fix": "Aún no se envió. Revise lo que está marcado abajo.",
    "need_name": "Escriba su nombre.",
    "need_phone": "Escriba su número de móvil.",
    "bad_phone": "No podemos enviar mensajes a este número. Escríbalo con código de área, como "
    "(312) 555-0150.",
    "need_email": "Escriba su correo electrónico.",
    "bad_email": "Escríbalo como nombre@ejemplo.com.",
    "need_street": "Escriba su dirección.",
    "need_city": "Escriba su ciudad.",
    "need_state": "Escriba su estado.",
    "need_zip": "Escriba su código postal.",
    "need_custom": "Complete este campo.",
    "too_long": "Escriba algo más corto.",
    "need_tick": "Marque la casilla si desea recibir estos mensajes. Si no, cierre esta página: "
    "no se guardó nada y nada más depende de ello.",
    "stale": "Esta página estuvo abierta mucho tiempo o ya se usó. Lo que escribió sigue aquí: "
    "marque la casilla y envíela otra vez.",
    "quick": "Eso fue muy rápido. Lea lo que dice la casilla y envíela otra vez.",
    "honeyed": "Se llenó un campo que nadie debería ver. Vacíelo y envíela otra vez.",
    "full_near": "Llegaron muchas inscripciones desde su conexión. Espere diez minutos y envíela "
    "otra vez.",
    "full_phone": "Este número se inscribió varias veces hoy. Inténtelo mañana.",
    "full_visitor": "Hoy se inscribieron tres personas desde este navegador. La siguiente puede "
    "usar su propio teléfono.",
    "full_form": "Muchas personas se están inscribiendo ahora. Espere diez minutos y envíela otra "
    "vez.",
    "newer": "Este formulario cambió desde que lo abrió. Léalo otra vez, marque la casilla y "
    "envíelo.",
}
SAID: Final[Mapping[Language, Mapping[str, str]]] = {Language.EN: _EN, Language.ES: _ES}


def starter(key: str) -> Starter:
    """Return ready wording by its key. Raises ContentRefused."""
    for each in STARTERS:
        if each.key == key:
            return each
    raise ContentRefused("Choose one of the ready wordings.", "starter")


def begun(key: str, *, sender: str, help_contact: str) -> Content:
    """Return ready wording with a brokerage's own names in it. Raises ContentRefused."""
    return replace(
        starter(key).content,
        sender=sender,
        help_contact=help_contact,
        ask_address=Ask.REQUIRED,
    )


def filled(content: Content) -> str:
    """Return the disclosure with what stands in braces filled in."""
    text = content.disclosure
    for slot in SLOTS:
        text = text.replace(f"{{{slot}}}", getattr(content, slot))
    return " ".join(text.split())
