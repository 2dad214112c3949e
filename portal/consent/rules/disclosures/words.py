"""Words that show a point of disclosure, in English and Spanish (SPEC C-3; facts 5.1).

Every gap in a pattern is bounded and stays within a sentence, so that a long page costs time
in proportion to its length. Texts are compared after `page.plain`: single spaces, straight
quotes.
"""

import re
from typing import Final

# Dots that end no sentence.
SHORTENED: Final = re.compile(
    r"\b(?:e\.g|i\.e|msg|freq|inc|corp|co|ltd|llc|pllc|st|mt|ft|mr|mrs|ms|dr|jr|sr|approx)\.",
    re.IGNORECASE,
)


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_PHONE: Final = (
    r"(?:\(?\b\d{3}\)?[-. ]?\d{3}[-. ]\d{4}|\b1?-?8\d\d-[\w-]{7,8}|[\w.+-]{1,64}@[\w-]{1,64}\.\w+)"
)
_NUMBER: Final = (
    r"(?:\d{1,3}(?!\d)|an?|one|two|three|four|five|six|eight|ten|una?|dos|tres|cuatro|cinco)"
)
_PERIOD: Final = r"(?:day|week|wk\b|month|mo\b|quarter|year|yr\b|día|dia|semana|mes|año)"
_MESSAGES: Final = r"(?:text messages?|sms|messages?|msgs?|texts?|alerts?|mensajes?|msjs?|textos?)"
_RATES: Final = r"(?:rates?|charges?|fees?) (?:(?:may|might|could|will|can) )?(?:apply|be charged)"
_TARIFF: Final = r"\b(?:tarifas|cargos|costos)\b"
_Y_DATOS: Final = r"mensaj\w+(?: de texto)? ?(?:y|/|&) ?(?:de )?datos"
_SEND: Final = (
    r"\b(?:(?:text|txt|reply|respond|send|type)(?:ing)?|typing) (?:us )?(?:back )?(?:with )?"
    r"(?:the (?:key)?word )?[\"'*]?"
)
_ENVIE: Final = (
    r"\b(?:responda|responde|respondiendo|env[ií]e|env[ií]a|enviando|escriba|mande) (?:con )?"
    r"(?:la palabra )?[\"'*]?"
)
_TEXTS: Final = (
    r"\b(?:sms|mms|text[- ]?messag\w+|messag(?:es?|ing)|msgs?|texts|texting|text alerts?"
    r"|text (?:me|you)\b|text and\b|text,|(?:by|via|through|and|or|,|&|/) text\b|mensajes?|textos)"
)
# What the texts are about, with words to follow; or what for, which says it by itself.
_ABOUT: Final = (
    r"\b(?:(?:about|regarding|concerning|relat(?:ed|ing) to|containing|for the purposes? of|sobre"
    r"|acerca de|relacionad\w+ con) (?!(?:us|you|it|me)\b)\w[^.\n]{0,50}"
    r"|(?:with|for|con|para) (?:\w{1,20} ){0,3}?(?:news|updates|info\w*|offers|listings|details"
    r"|alerts|marketing|reminders|services|inquir\w+|novedades|noticias|ofertas|alertas)\b)"
)
_KIND: Final = (
    r"\b(?:marketing|promotional|informational|account|customer care|appointment|listing|property"
    r"|showing|market|open house|price|real estate|new home|service)"
)
_NEWS: Final = (
    r"\b(?:updates|alerts|news|offers|reminders|notifications|listings|promotions|alertas|avisos"
    r"|novedades|noticias|ofertas)"
)
# A name begins with a capital, or with a figure, or holds a capital or a dot: eXp, realtor.com.
_NO_NAME: Final = (
    r"(?i:(?!(?:the )?(?:us|our|we|you|your|i|me|my|time|this|these|that|an?|any|all|stop|help|sms"
    r"|mms|text\w*|messag\w*|msgs?|terms|privacy|marketing|promotional|automated|agents?|realtors?"
    r"|real|local|licensed|properties|listings?|january|february|march|april|may|june|july|august"
    r"|september|october|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)day|sending"
    r"|receiving|submitting|checking|clicking|providing|calling|replying|phone|e-?mail|anyone"
    r"|others|number|nuestr\w+|nosotros|usted|mensajes?|correo|tel[eé]fono|company|agent|reply"
    r"|company_name|\d+ ?(?:am|pm)?)\b))"
)
_NAME: Final = (
    rf"\b{_NO_NAME}(?:[Tt]he )?(?:[A-ZÁÉÍÓÚÑ][\w&'+-]{{0,40}}|\d{{1,4}}[a-z]{{0,2}} [A-Z]\w{{0,40}}"
    r"|\d{1,4}[A-Za-z]\w{0,40}|[a-z]{1,20}[A-Z]\w{0,40}|[a-z]{1,40}\.(?:com|net|org|homes|realty))"
    r"(?: (?:&|and|of|y|[A-ZÁÉÍÓÚÑ0-9][\w&'+-]{0,40})){0,6}"
)
_CONDITION: Final = r"(?:condition|requirement|prerequisite)"
_PURCHASE: Final = (
    r"(?:any |an? |the |your |making an? |receiving |obtaining |using |goods )*"
    r"(?:purchas\w+|buy\w*|sale|services?|goods|property|doing business|work\w*|transaction)"
)
CONSENT: Final = re.compile(
    r"consent|agree|opt(?:ing|ed)?[- ]?in|sign(?:ing)?[- ]?up|check(?:ing)? (?:this|the) box"
    r"|permission|authori[sz]|text|consentimiento|acepta|acuerdo|autoriza",
    re.IGNORECASE,
)
OTHER_CONDITION: Final = re.compile(
    r"(?:financing|inspection|insurance|title|lender|appraisal|deposit|warranty)\W+(?:\w+\W+)?$",
    re.IGNORECASE,
)

# A keyword one is told not to send, or that does nothing: "do not reply STOP", "HELP isn't read".
FORBIDDEN_BEFORE: Final = re.compile(
    r"\b(?:do not|don't|cannot|can't|can not|never) $", re.IGNORECASE
)
VAIN_AFTER: Final = re.compile(r"[\"'*]? (?:is|are|does|will|can)(?: ?not|n't)\b", re.IGNORECASE)

WORDS: Final = {
    "programme": _words(
        rf"{_TEXTS}[^.\n]{{0,90}}?{_ABOUT}",
        rf"{_KIND}(?:(?: ?,| and| or| ?/| ?&)? \w+)?(?: related)? (?:sms|mms|texts?|messages|communications?)\b",
        rf"{_NEWS} (?:\w{{1,20}} ){{0,6}}?(?:by|via|through|over|por|vía) (?:text|sms|mensaje|texto)",
        r"(?-i:(?:\b[A-Z][\w'&]+ ){1,5}(?:Alerts|Updates|Club|Program|Programme|Insider|Alertas)\b)",
        rf"\btext (?:me|you) (?:\w{{1,20}} ){{0,4}}?{_NEWS}",
        r"\bmensajes?(?: de texto)? (?:\w{1,20} ){0,2}?(?:de marketing|promocionales|publicitarios"
        r"|informativos|comerciales)\b",
    ),
    # Names are told by their capitals, so this one minds them.
    "sender": re.compile(
        rf"(?i:{_TEXTS})[^.\n]{{0,140}}?\b(?i:from|by|on behalf of|de parte de|por|de) {_NAME}"
        r"|(?i:\b(?:authori[sz]e|permit|allow|give|consent (?:for|to)|permission for|touch with"
        rf"|connect with|autori[sz]o a|permito a)) {_NAME}(?=[^.\n]{{0,140}}?(?i:{_TEXTS}|\btext\b))"
        rf"|{_NAME}(?:,? (?:and|or) (?:its|our|their) [\w ]{{1,30}}?)? (?i:may|will|can|to|podrá|puede)"
        r" (?i:text|send|contact|message|enviar\w*|contactar\w*)\b"
        r"|(?i:\b(?:receive|communications?|contact(?:ed)?|calls?|hear|outreach)) (?:[^.\n]{0,60}? )?"
        rf"(?i:from|by) {_NAME}(?=[^.\n]{{0,200}}?(?i:{_TEXTS}))"
        rf"|(?i:\b(?:sender|who is texting)): ?{_NAME}"
        rf"|{_NAME} (?i:(?:mobile )?(?:text(?: message)?|sms|messaging) (?:alerts|updates|program\w*|club))"
    ),
    "rates": _words(
        rf"(?<!no )\b(?:messag\w+|msg|text)\.? ?(?:&|and|/|\+) ?data {_RATES}",
        rf"(?<!no )\bdata ?(?:&|and|/|\+) ?(?:messag\w+|msg|text) {_RATES}",
        rf"\b(?<!no se )aplica\w*[^.\n]{{0,40}}{_TARIFF}[^.\n]{{0,40}}{_Y_DATOS}",
        rf"{_TARIFF}[^.\n]{{0,40}}{_Y_DATOS}[^.\n]{{0,40}}\b(?<!no se )aplica\w*",
    ),
    "frequency": _words(
        r"\b(?:messag\w+|msg|text(?:ing)?|sms)\.? freq(?:uency)?\.?:? ?(?:\w{1,20} ){0,3}?(?:var\w+|\d|depend"
        r"|is\b|up to)",
        r"\bfrequency (?:of )?(?:\w{1,20} )?(?:messag\w+|texts|texting) (?:\w{1,20} )?var\w+",
        r"\b(?:number of|how many|how often) (?:\w{1,20} )?(?:messages|texts)[^.\n]{0,30}\bvar\w+",
        rf"\b{_NUMBER}(?: ?(?:-|to|or|a|o) ?{_NUMBER})? ?(?:\w{{1,20}} ){{0,3}}?{_MESSAGES}(?:\(s\))?"
        rf" ?(?:/|per|an?|each|every|al|por|a la|cada) ?{_PERIOD}",
        rf"\b{_NUMBER} {_MESSAGES} ?(?:/|per|for each|por) ?(?:log-?in|request|inquiry|solicitud)",
        r"\b(?:one|single|1)[- ](?:time )?(?:text |sms )?message\b",
        rf"\b(?:daily|weekly|biweekly|monthly|quarterly) (?:\w{{1,20}} ){{0,2}}?{_MESSAGES}\b",
        rf"\b{_MESSAGES} (?:up to )?(?:daily|weekly|monthly|(?:once|twice) an? {_PERIOD})",
        r"\bfrecuencia(?: de)?(?: los)?(?: (?:mensajes?|textos)(?: de texto)?)?"
        r" (?:puede |podría |podrá )?var\w+",
    ),
    "help": _words(
        rf"{_SEND}help\b(?! (?:us|you|me|them|our|your|with)\b)",
        rf"{_SEND}[^.\n]{{0,60}}?(?-i:\bHELP\b)(?! (?:us|you|me|them|our|your)\b)",
        rf"{_ENVIE}(?:ayuda|help)\b",
        r"(?-i:\b(?:HELP|AYUDA))[\"'*]? (?:for|to|para) \w+",
        r"(?:\bfor (?:help|assistance|support|questions|more info\w*)|\bhelp\b|\bcustomer (?:care"
        rf"|service|support)|\bquestions\?|\b(?:ayuda|asistencia)\b)[^.\n]{{0,60}}?{_PHONE}",
        rf"\b(?:call|e-?mail|text|contact)[^.\n]{{0,30}}{_PHONE} (?:for|with)"
        r" (?:help|assistance|support|(?:any )?questions)",
    ),
    "stop": _words(
        rf"{_SEND}(?:stop|unsubscribe|cancel|end|quit|opt-?out)\b"
        r"(?! (?:by|in|at|over|looking|date|your|the)\b)",
        r"(?-i:\bSTOP\b)[\"'*]? (?:[\w,]{1,20} ){0,5}?to (?:cancel|opt|unsub|end|stop|quit|be removed)",
        rf"{_SEND}[^.\n]{{0,60}}?(?-i:\bSTOP\b)(?! (?:by|in|at|over)\b)",
        rf"{_ENVIE}(?:stop|alto|parar|cancelar|detener|baja)\b",
        r"(?-i:\b(?:STOP|ALTO|PARAR|CANCELAR|BAJA)\b)[\"'*]? para \w+",
    ),
    "not_condition": _words(
        rf"(?:\bnot|n't) (?:be )?(?:an? )?(?:\w{{1,20}} )?{_CONDITION} (?:of|to|for) {_PURCHASE}",
        r"(?:\bnot|n't) (?:be )?(?:required|necessary|needed) (?:\w{1,20} ){0,8}?(?:as a condition of"
        rf"|in order to|to|for) (?:make )?{_PURCHASE}",
        r"\b(?:without|not have to|n't have to|need not|not need to|n't need to) (?:\w{1,20} ){0,3}?(?:consent|agree)\w*"
        rf"[^.\n]{{0,40}}? (?:to|of) {_PURCHASE}",
        rf"(?:\bnot|n't) (?:condition\w*|contingent|dependent) (?:up)?on {_PURCHASE}",
        r"\bno (?:es|será|constituye) (?:una? )?(?:condición|condicion|requisito)[^.\n]{0,30}?"
        r"(?:compra\w*|adquirir|servicios?)",
        r"\bno (?:se requiere|está condicionad\w)[^.\n]{0,60}?compra\w*",
    ),
}

PRIVACY: Final = _words(r"\bprivacy\b", r"\bprivacidad\b")
NOT_PRIVACY: Final = _words(
    r"privacy[ -]*(?:choices|settings|preferences|center|rights|shield|request)", r"\bcookies?$"
)
TERMS: Final = _words(
    r"\bterms\b", r"\bt ?(?:&|and) ?c'?s?\b", r"\bt[eé]rminos\b", r"\bcondiciones\b", r"\btos\b"
)
NOT_TERMS: Final = _words(
    r"glossary|dictionary|(?:loan|mortgage|payment|real estate|financing|search|common|long|short)[ -]"
    r"terms?|terms (?:you|to know|explained)"
)
# Policies of widgets on the page are not those of the sender.
FOREIGN: Final = _words(
    r"(?:^|\.)(?:policies|www|support)\.google\.com$", r"(?:^|\.)(?:hcaptcha|cloudflare)\.com$"
)

WANTS: Final = _words(
    r"\b(?:agree|consent|opt[- ]?in|authori[sz]e|permission|receive|yes|sign me up|subscribe|send me"
    r"|text me|i want|i would like|i'd like|get|accept|acepto|autorizo|consiento|recibir|deseo"
    r"|quiero|sí|de acuerdo)\b"
)
GENERIC: Final = _words(
    r"^\W*(?:yes\W*)?(?:i )?(?:agree|consent|accept|opt[- ]?in|acepto|estoy de acuerdo|yes|sí)\W*$"
)
BY_CHECKING: Final = _words(
    r"\b(?:by )?(?:checking|ticking|selecting) (?:this|the) (?:check)?box",
    r"\bal marcar esta casilla",
)
REFUSES: Final = _words(
    r"^\W*(?:please )?(?:do not|don't|no longer|opt me out|unsubscribe me|stop|no,? )",
    r"\b(?:do not|don't) (?:want|wish|send|text|contact)\b", r"\buncheck\b", r"^\W*no (?:deseo|quiero)"
)  # fmt: skip
SPEAKS: Final = re.compile(_TEXTS + r"|\btext\b(?! of\b| size)", re.IGNORECASE)
