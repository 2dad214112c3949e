"""Words that would do something in a page that does not escape them (S4)."""

import re

from sqlalchemy import JSON, Enum, String, select, update

from portal.core.db import Base, db

_TAGS = (
    "<xss1>", "<script>xss(2)</script>", "</textarea><script>xss(3)</script>", "</title><xss4>", "<img src=x onerror=xss(5)>",
    "<svg/onload=xss(6)>", "<svg><script href=data:,xss(7)>", "<math><xss8>", "<iframe srcdoc=xss9>", "<object data=xss10>",
    "<embed src=xss11>", "<base href=//xss12>", "<link rel=stylesheet href=//xss13>", "<meta http-equiv=refresh content=xss14>",
    "<style>@import'//xss15'</style>", "<form action=//xss16>", "<button formaction=//xss17>", "<input autofocus onfocus=xss(18)>",
    "<details open ontoggle=xss(19)>", "<video><source onerror=xss(20)>", "<marquee onstart=xss(21)>", "<body onload=xss(22)>",
    "<a href=javascript:xss(23)>", "<a href='data:text/html,xss24'>", "<div hx-get=/xss25 hx-trigger=load>", "<p hx-on:load=xss(26)>",
    "<div hx-on::after-request=xss(27)>", "<b data-hx-post=/xss28>", "<x hx-vals=js:xss(29)>", "<div hx-swap-oob=true id=flash>xss30",
    "<template><xss31></template>", "<noscript><p title='</noscript><xss32>'>", "<!--><xss33>-->", "<![CDATA[<xss34>]]>", "<?xss35?>",
    "<xss36\n>", "<xss37/x=>", "<\0xss38>", "<ｘｓｓ39>", "\u202e<xss40>", "\ufeff<xss41>", "<xss42\u2028>", "<<xss43>>", "<xss44",
    "</select><xss45>", "</option><xss46>", "</table><xss47>", "</a><xss48>", "</style><xss49>", "</script><xss50>", "<plaintext>xss51",
    "<isindex action=xss52>", "<keygen onfocus=xss(53)>", "<animate onbegin=xss(54)>", "<set attributeName=href to=javascript:xss(55)>",
    "<use href=data:xss56>", "<foreignObject><xss57>", "<audio src onerror=xss(58)>", "<xss59 is=x-y>", "<slot name=xss60>",
)  # fmt: skip
_BREAKS = (
    '" onmouseover="xss(61)', "' onmouseover='xss(62)", '"><xss63>', "'><xss64>", '" autofocus onfocus=xss(65) x="', "` onfocus=xss(66) `",
    '" hx-get="/xss67" hx-trigger="load', '" style="background:url(//xss68)', '" srcdoc="xss69', '"/><xss70 x="', '" formaction="//xss71',
    '" data-hx-on:click="xss(72)', "\" hx-on::load='xss(73)'", '" href="javascript:xss(74)', '" src="//xss75" x="', '\\" onclick=\\"xss(76)',
    "&quot; onclick=&quot;xss(77)", "&#34; onclick=xss(78)", '"onload="xss(79)', "'-xss(80)-'", '"-xss(81)-"', '";xss(82)//', "*/xss(83)/*",
)  # fmt: skip
_URLS = (
    "javascript:xss(84)", "JaVaScRiPt:xss(85)", "java\tscript:xss(86)", " javascript:xss(87)", "\x01javascript:xss(88)", "data:text/html,<xss89>",
    "vbscript:xss(90)", "//xss91.example", 'https://xss92.example/"onclick=xss()', "javascript&colon;xss(93)", "blob:xss94",
)  # fmt: skip
_TEMPLATES = (
    "{{98419*97}}", "{%print 98419*97%}", "${98419*97}", "#{98419*97}", "<%=98419*97%>", "{{config}}", "{{''.__class__}}", "[[${98419*97}]]",
    "&lt;xss95&gt;", "&#60;xss96&#62;", "%3Cxss97%3E", "\\u003cxss98\\u003e", "\\x3cxss99\\x3e", "+ADw-xss100+AD4-",
    "\u202exss101\u202c", "\u2066xss102\u2069", "xss103\u0000", "\u200bxss104\u200f", "xss105\u2029",
)  # fmt: skip
_BASIC = tuple(p.replace("\0", "") for p in (*_TAGS, *_BREAKS, *_URLS, *_TEMPLATES))
# Ways out of where a value may stand, each with something that would run behind it.
_WAYS_OUT = ("'>", '">', "</p>", "</title>", "</textarea>", "</select>", "</script>", "</style>", "-->", "]]>", "\u202e", "\ufeff")  # fmt: skip
_EVENTS = (
    "onclick", "ondblclick", "onerror", "onload", "onfocus", "onblur", "oninput", "onchange", "onsubmit", "onkeydown", "onpaste",
    "onpointerenter", "onmouseenter", "onwheel", "onscroll", "ontoggle", "onanimationstart", "ontransitionend", "onbeforeinput",
    "oncopy", "onresize", "onhashchange", "onpageshow", "onpopstate", "oncut", "ondrop", "onmessage", "onstorage",
)  # fmt: skip
_TAGS_THAT_RUN = ("<img src=x onerror=xss({})>", "<svg onload=xss({})>", "<script>xss({})</script>", "<a href=javascript:xss({})>", "<b hx-get=/xss{} hx-trigger=load>", "<b hx-on:load=xss({})>", "<iframe src=javascript:xss({})>")  # fmt: skip
_HTMX = (
    "hx-get", "hx-post", "hx-put", "hx-delete", "hx-patch", "hx-on::load", "hx-on:click", "hx-vals", "hx-headers", "hx-ext",
    "hx-boost", "hx-include", "hx-select-oob", "hx-swap-oob", "hx-push-url", "hx-trigger", "hx-target", "hx-confirm", "hx-ws", "hx-sse",
)  # fmt: skip
_URL_PLACES = ("href", "src", "action", "formaction", "poster", "data", "xlink:href", "background", "cite", "srcset", "ping", "manifest")  # fmt: skip


def _made():
    """Give what the pieces make together, each with a number of its own."""
    number = 200
    for way_out in _WAYS_OUT:
        for tag in _TAGS_THAT_RUN:
            number += 1
            yield way_out + tag.format(number)
    for handler in _EVENTS:
        for quote in "\"'":
            number += 1
            yield f"{quote} {handler}={quote}xss({number})"
        number += 1
        yield f"<x {handler}=xss({number})>"
    for attribute in _HTMX:
        for quote in "\"'":
            number += 1
            yield f"{quote} {attribute}={quote}/xss{number}"
        number += 1
        yield f"<i data-{attribute}=/xss{number}>"
        number += 1
        yield f"<i {attribute}=js:xss({number})>"
    for place in _URL_PLACES:
        for scheme in (
            "javascript:xss({})",
            "data:text/html,xss{}",
            "//xss{}.example",
            "vbscript:xss({})",
        ):
            number += 1
            yield f'"><x {place}="{scheme.format(number)}">'


PAYLOADS = tuple(dict.fromkeys((*_BASIC, *_made())))
_AT_ONCE = 120  # in a long column: more is too long for a text
_IN_JSON = 20  # in each word of a JSON column
ANYWHERE = "'\"><xss0>"  # shows in words and in an attribute alike
SUM = str(98419 * 97)  # seven digits: shorter ones stand in a color or a hash by chance
# Columns with a shape of their own, by name: nobody writes them.
_SHAPED = re.compile(
    r".*(sid|hash|sha256|_key|e164|_token|sealed|secret|nonce|zone|media_type|uniquifier)|"
    r"email|key|salt|commitment|previous|region|password|intent|event|cause|code|encoding|delimiter|"
    r"provider|status|outcome|verdict|keyword|source|purpose|prefix|owner|check|subject|origin|ip|"
    r"ip_address|stored_name|slug|evidence_name|word|reference|zip|name_key|sort_name|url|checkout_url|kind"
)
_PAIRED = {"confirmed_by"}  # empty until somebody did, which the database checks
_FILE_NAME = re.compile(
    r".*files\.name|.*\.file_name"
)  # whose control signs are taken out at the door
_MERGED = {"send_approvals.body"}  # a field it does not know is refused before it is stored
# Which words inside a JSON column are somebody's own, by their names; None: all of them. The other
# JSON columns hold ids, counts, times and words of ours, or nothing here: the reasons of the carrier
# (registrations, port_ins), what was found on a web page, notes of a move, and what webhooks brought.
JSON_WORDS = {
    "audit_entries.payload": {"body", "description", "details", "file", "for_", "justification", "name", "plan", "reason", "shared_with", "tags"},
    "registrations.details": {"legal_name", "street", "city", "first_name", "last_name", "description", "sample_1", "sample_2", "sample_3", "opt_in_message", "opt_out_message", "help_message", "message_flow"},
    "port_ins.details": {"customer_name", "street", "street_2", "city", "representative"},
    "optin_forms.draft": {"title", "intro", "programme", "sender", "sender_address", "frequency", "help_contact", "disclosure", "button", "thanks", "custom_label"},
    "campaigns.lint": {"matched", "message"}, "lint_reviews.findings": {"matched", "message"},
    "transfers.findings": {"sentence", "advice"},
    "imports.columns": None, "imports.samples": None, "import_findings.cells": None,
}  # fmt: skip
# Fields that stay as they are, and why: everything else is written, or the test fails.
_OURS = "has a shape or is one of a few words of ours, and nobody's own"
_MORE = "the database asks more of its row than a walk over all tables can know"
LEFT_OUT = {
    **dict.fromkeys((
        "appeal_files.stored_as", "media_files.stored_as", "media_files.token", "optin_version_pictures.name", "proof_certificates.token",
        "call_forwardings.phone", "call_forwardings.pending_phone", "dnc_areas.area_code", "dnc_imports.area_code",
        "drip_steps.missing", "erasures.last_digits", "erasures.number_hmac", "hour_edits.weekday",
        "hour_edits.saturday", "hour_edits.sunday", "lint_levels.level", "lint_levels.rule",
        "messages.passed_limit", "messages.sid_source", "port_ins.number_type", "payments.money_id",
    ), _OURS),
    **dict.fromkeys(("appeal_parts.confirmed_by", "appeal_templates.reason", "appeal_templates.set_by", "tasks.done_by"), _MORE),
}  # fmt: skip
# The database keeps these as they are; tests/optin poisons a draft before it is published.
_STAYS = {"optin_form_versions", "audit_checkpoints"}


def poison(turn):
    """Write into every free text of the database; a turn of None writes harmless words instead.

    Each turn puts other payloads into a column: one into a short column, many into a long one.
    Returns what was written where, as pairs of a field and a payload.
    """
    place, written = turn or 0, set()
    for table in Base.metadata.sorted_tables:
        keys, free = list(table.primary_key.columns), free_columns(table)
        for row in db.session.execute(select(table)).mappings().all() if free else ():
            new = {}
            for column in free:
                value = row[column.name]
                if value is None or (not value and column.name in _PAIRED):
                    continue
                place += 7
                some = _chosen(value, column, turn, place)
                new[column.name] = _woven(value, column, turn, some)
                if new[column.name] != value:
                    written.update((str(column), payload) for payload in some)
            if not new:
                continue
            where = [key == row[key.name] for key in keys]
            db.session.execute(update(table).where(*where).values(new))
    return written


def free_fields():
    """Return every field that is to be poisoned, whether a row holds it or not."""
    return {str(column) for table in Base.metadata.sorted_tables for column in free_columns(table)}


def free_columns(table):
    """Return the columns of a table in which somebody's own words stand."""
    if table.name in _STAYS:
        return []
    return [
        column
        for column in table.c
        if (is_free(column) or str(column) in JSON_WORDS)
        and not (column.primary_key or str(column) in LEFT_OUT)
    ]


def is_free(column, also=()):
    """Say whether people write what a column holds; `also` names some of a shape of their own."""
    kind = column.type
    return (
        isinstance(kind, String)
        and not isinstance(kind, (Enum, JSON))
        and (column.name in also or not _SHAPED.fullmatch(column.name))
    )


def _chosen(text, column, turn, place):
    """Return the payloads for one value: neighbors for a long one, one that fits otherwise."""
    length = getattr(column.type, "length", None)
    if turn is None:
        return []
    if length is None:
        at_once = _IN_JSON if isinstance(column.type, JSON) else _AT_ONCE
        start = place // 7 * at_once  # places are seven apart
        some = [PAYLOADS[(start + i) % len(PAYLOADS)] for i in range(at_once)]
        is_merged = str(column) in _MERGED
        return [payload for payload in some if not (is_merged and set("{}") & set(payload))]
    room = length - len(text) - len(ANYWHERE)
    is_file_name = _FILE_NAME.fullmatch(str(column))
    fitting = [p for p in PAYLOADS if len(p) < room and (p.isprintable() or not is_file_name)]
    return [fitting[place % len(fitting)]] if fitting else []


def _woven(value, column, turn, some):
    """Return a value with payloads in it, or in the words inside it."""
    if isinstance(column.type, JSON):
        return _into(value, JSON_WORDS[str(column)], " ".join(some) or " and harmless words")
    return _with(value, column.type.length, turn, some)


def _into(value, names, more, *, is_ours=False):
    if isinstance(value, dict):
        return {
            name: _into(each, names, more, is_ours=names is not None and name not in names)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_into(each, names, more, is_ours=is_ours) for each in value]
    return value + more if isinstance(value, str) and not is_ours else value


def _with(text, length, turn, some):
    if turn is None:
        return f"{text} and harmless words"[:length]
    if length is None:
        return text + "\n" + "\n".join(some)
    return text if len(text) + len(ANYWHERE) >= length else text + ANYWHERE + "".join(some)
