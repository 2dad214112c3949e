"""Rules of consent as tables, and what must hold whatever happens in whatever order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.consent import rules
from portal.consent.rules import Grant, State
from portal.consent.rules.audit_words import facts, words
from portal.consent.rules.reading import CONSENT_FIELDS, checkbox_of, ip_of, method_of, time_of
from portal.consent.rules.state import current_strength
from portal.consent.values import (
    BOTH_KINDS,
    TALK_ONLY,
    Checkbox,
    Event,
    Evidence,
    MessageKind,
    Method,
    RecordRef,
    Standing,
    Strength,
)
from portal.contacts.rules.mapping import guess

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
DAY = timedelta(days=1)
M, S, K, C = Method, Strength, MessageKind, Checkbox
ONE, BULK = K.ONE_TO_ONE, K.MARKETING


def strength(
    method, disclosure=True, checkbox=Checkbox.CHECKED, scan=False, imported=False
):  # fmt: skip
    return rules.strength_of(
        method,
        has_disclosure=disclosure,
        checkbox=checkbox,
        has_scan=scan,
        is_imported=imported,
    )


class TestStrengthByMethod:
    """The table of C-8, row by row."""

    @pytest.mark.parametrize("method", [M.HOSTED_FORM, M.EMBED, M.API])
    def test_a_form_needs_disclosure_and_a_ticked_box(self, method):
        assert strength(method) is S.EXPRESS_WRITTEN
        assert strength(method, disclosure=False) is S.EXPRESS
        assert strength(method, checkbox=C.NOT_RECORDED) is S.EXPRESS

    @pytest.mark.parametrize("method", [M.JOIN_KEYWORD, M.DOUBLE_OPT_IN])
    def test_the_persons_own_words_are_express_written(self, method):
        assert strength(method, False, C.NOT_RECORDED) is S.EXPRESS_WRITTEN

    def test_paper_hangs_on_its_scan(self):
        assert strength(M.PAPER, False, C.NOT_RECORDED, scan=True) is S.EXPRESS_WRITTEN
        assert strength(M.PAPER, False, C.NOT_RECORDED) is S.EXPRESS
        assert strength(M.PAPER, True, C.NOT_RECORDED) is S.EXPRESS

    @pytest.mark.parametrize("method", [M.VERBAL, M.AGENT_STATED])
    def test_words_of_mouth_are_express_whatever_is_attached(self, method):
        assert strength(method, scan=True) is S.EXPRESS
        assert strength(method, scan=True, imported=True) is S.EXPRESS

    @pytest.mark.parametrize(
        "method", [M.IMPORT, M.WEB_FORM, M.PAPER, M.HOSTED_FORM, M.JOIN_KEYWORD]
    )
    def test_an_import_hangs_on_disclosure_and_checkbox(self, method):
        assert strength(method, imported=True) is S.EXPRESS_WRITTEN
        assert strength(method, disclosure=False, imported=True) is S.EXPRESS
        assert strength(method, checkbox=C.NOT_RECORDED, imported=True) is S.EXPRESS

    def test_the_persons_own_text_is_an_inquiry(self):
        assert strength(M.INQUIRY, False, C.NOT_RECORDED) is S.INQUIRY

    @pytest.mark.parametrize("method", [M.PURCHASED_LIST, M.PUBLIC_RECORDS, M.THIRD_PARTY])
    @pytest.mark.parametrize("imported", [True, False])
    def test_what_was_bought_or_lent_is_nothing(self, method, imported):
        """C-7: not even with disclosure, ticked box and scan."""
        assert strength(method, True, C.CHECKED, scan=True, imported=imported) is S.NONE

    @pytest.mark.parametrize("method", list(M))
    def test_a_box_left_unticked_is_no_consent(self, method):
        assert strength(method, checkbox=C.UNCHECKED) is S.NONE

    @pytest.mark.parametrize(
        ("strength_", "named", "kinds"),
        [
            (S.EXPRESS_WRITTEN, None, BOTH_KINDS),
            (S.EXPRESS_WRITTEN, (ONE,), (ONE,)),
            (S.EXPRESS_WRITTEN, (BULK,), (BULK,)),
            (S.EXPRESS, None, TALK_ONLY),
            (S.EXPRESS, (ONE, BULK), TALK_ONLY),
            (S.INQUIRY, None, TALK_ONLY),
            (S.NONE, BOTH_KINDS, ()),
        ],
    )
    def test_kinds_are_those_named_as_far_as_the_strength_goes(self, strength_, named, kinds):
        assert rules.kinds_of(strength_, named) == kinds

    def test_own_acts_are_done_here_by_the_person(self):
        """Q-2: keyword, hosted form, double opt-in; never an import or an entry by staff."""
        own = {method for method in M if rules.is_own_act(method)}
        assert own == {M.HOSTED_FORM, M.EMBED, M.JOIN_KEYWORD, M.DOUBLE_OPT_IN}
        assert not any(rules.is_own_act(method, is_imported=True) for method in M)


def standing(strength_=S.NONE, kinds=(), **values):
    return Standing("+13125550142", strength=strength_, kinds=kinds, **values)


WRITTEN = standing(S.EXPRESS_WRITTEN, BOTH_KINDS, record_id=uuid4())
SPOKEN = standing(S.EXPRESS, TALK_ONLY, record_id=uuid4())
ASKED = standing(S.INQUIRY, TALK_ONLY, record_id=uuid4(), expires_at=NOW + DAY)


class TestWhatMayBeTexted:
    """C-7, C-8, Q-7."""

    @pytest.mark.parametrize(
        ("given_", "one_to_one", "marketing"),
        [
            (WRITTEN, "ok", "ok"),
            (SPOKEN, "ok", "consent_insufficient"),
            (ASKED, "ok", "consent_insufficient"),
            (standing(), "consent_missing", "consent_missing"),
            (replace(ASKED, expires_at=NOW), "consent_expired", "consent_expired"),
            (replace(WRITTEN, kinds=(ONE,)), "ok", "consent_kind"),
            (standing(not_valid_reason="Bought."), "consent_not_valid", "consent_not_valid"),
            (replace(WRITTEN, not_valid_reason="Bought."), "ok", "ok"),
            (replace(WRITTEN, opted_out_at=NOW), "opted_out", "opted_out"),
            (replace(WRITTEN, org_opted_out_at=NOW), "ok", "org_opted_out"),
            (replace(SPOKEN, org_opted_out_at=NOW), "ok", "org_opted_out"),
            (replace(WRITTEN, dnc_at=NOW), "do_not_contact", "do_not_contact"),
            (replace(WRITTEN, opted_out_at=NOW, dnc_at=NOW), "opted_out", "opted_out"),
        ],
    )
    def test_table(self, given_, one_to_one, marketing):
        assert rules.allows(given_, ONE, NOW).code == one_to_one
        assert rules.allows(given_, BULK, NOW).code == marketing

    @given(
        st.sampled_from([WRITTEN, SPOKEN, ASKED, standing()]),
        st.sampled_from(list(K)),
        st.booleans(),
    )
    def test_opt_outs_and_the_list_beat_every_consent(self, consent, kind, is_stop):
        shut = replace(consent, **{"opted_out_at" if is_stop else "dnc_at": NOW})
        assert not rules.allows(shut, kind, NOW).ok

    @pytest.mark.parametrize(
        "refused",
        [
            standing(),
            replace(WRITTEN, opted_out_at=NOW),
            replace(WRITTEN, org_opted_out_at=NOW),
            replace(WRITTEN, dnc_at=NOW),
            SPOKEN,
            ASKED,
            standing(not_valid_reason="This number came from a purchased list."),
        ],
    )
    def test_every_no_has_a_sentence_and_a_way_on(self, refused):
        basis = rules.allows(refused, BULK, NOW)
        assert basis.sentence.endswith(".")
        assert basis.fix.endswith(".")

    def test_an_inquiry_holds_for_ninety_days_to_the_moment(self):
        assert timedelta(days=90) == rules.INQUIRY_LASTS
        edge = replace(ASKED, expires_at=NOW)
        assert rules.allows(edge, ONE, NOW - timedelta(microseconds=1)).ok
        assert not rules.allows(edge, ONE, NOW).ok


def grant(strength_=S.EXPRESS_WRITTEN, at=NOW, *, own=False, kinds=BOTH_KINDS, expires_at=None):
    return Grant(uuid4(), strength_, kinds, at, expires_at, own)


class TestWhatStands:
    def test_a_stronger_consent_takes_the_place_of_a_weaker_one(self):
        weak, strong = grant(S.EXPRESS), grant(S.EXPRESS_WRITTEN)
        one_way = rules.with_consent(rules.with_consent(State(), weak, NOW), strong, NOW)
        other = rules.with_consent(rules.with_consent(State(), strong, NOW), weak, NOW)
        assert one_way.record_id == other.record_id == strong.record_id

    def test_equal_consents_add_their_kinds_and_rest_on_the_newer(self):
        talk, bulk = grant(kinds=(ONE,)), grant(kinds=(BULK,), at=NOW - DAY)
        state = rules.with_consent(rules.with_consent(State(), talk, NOW), bulk, NOW)
        assert state.kinds == BOTH_KINDS
        assert state.record_id == talk.record_id

    def test_an_inquiry_that_is_over_gives_way(self):
        old = grant(S.INQUIRY, NOW - 100 * DAY, expires_at=NOW - 10 * DAY, kinds=TALK_ONLY)
        new = grant(S.INQUIRY, NOW, expires_at=NOW + 90 * DAY, kinds=TALK_ONLY)
        state = rules.with_consent(rules.with_consent(State(), old, NOW - 100 * DAY), new, NOW)
        assert state.record_id == new.record_id
        assert current_strength(state, NOW) is S.INQUIRY

    def test_a_bought_record_takes_nothing_from_a_consent_and_gives_nothing(self):
        state = rules.with_consent(State(), grant(), NOW)
        assert rules.with_not_valid(state, "Bought.").strength is S.EXPRESS_WRITTEN
        assert rules.with_not_valid(State(), "Bought.").strength is S.NONE

    def test_start_restores_what_stood_with_its_kinds(self):
        """Q-1."""
        before = rules.with_consent(State(), grant(kinds=(ONE,)), NOW)
        out = rules.with_opt_out(before, NOW + DAY)
        back = rules.restored_by_opt_in(out, NOW + 2 * DAY, uuid4(), NOW + 2 * DAY)
        assert rules.is_opted_out(out)
        assert not rules.is_opted_out(back)
        assert (back.strength, back.kinds, back.record_id) == (
            before.strength,
            before.kinds,
            before.record_id,
        )

    def test_start_without_a_consent_before_opens_a_conversation_only(self):
        """Q-1."""
        record = uuid4()
        out = rules.with_opt_out(State(), NOW)
        back = rules.restored_by_opt_in(out, NOW + DAY, record, NOW + DAY)
        assert (back.strength, back.kinds, back.record_id) == (S.EXPRESS, TALK_ONLY, record)

    @pytest.mark.parametrize("own", [True, False])
    @pytest.mark.parametrize("late", [True, False])
    def test_after_a_stop_only_the_persons_own_newer_act_counts(self, own, late):
        """Q-2."""
        out = rules.with_opt_out(State(), NOW)
        at = NOW + (DAY if late else timedelta())
        state = rules.with_consent(out, grant(at=at, own=own), NOW + DAY)
        assert rules.is_opted_out(state) is not (own and late)
        if not (own and late):
            assert state == out

    def test_what_staff_record_during_an_opt_out_is_not_restored(self):
        out = rules.with_opt_out(State(), NOW)
        stuffed = rules.with_consent(out, grant(at=NOW - DAY), NOW + DAY)
        back = rules.restored_by_opt_in(stuffed, NOW + 2 * DAY, uuid4(), NOW + 2 * DAY)
        assert back.kinds == TALK_ONLY

    def test_an_ended_consent_is_gone_but_an_opt_out_stays(self):
        state = rules.with_opt_out(rules.with_consent(State(), grant(), NOW), NOW)
        gone = rules.ended(state)
        assert gone.strength is S.NONE
        assert rules.is_opted_out(gone)


moments = st.integers(0, 20).map(lambda hours: NOW + timedelta(hours=hours))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("stop"), moments),
        st.tuples(st.just("start"), moments),
        st.tuples(st.just("form"), moments),
        st.tuples(st.just("staff"), moments),
        st.tuples(st.just("bought"), moments),
    ),
    max_size=12,
)


def play(events, state=None):
    state = state or State()
    for what, at in events:
        if what == "stop":
            state = rules.with_opt_out(state, at)
        elif what == "start":
            state = rules.restored_by_opt_in(state, at, uuid4(), NOW)
        elif what == "bought":
            state = rules.with_not_valid(state, "Bought.")
        else:
            state = rules.with_consent(state, grant(at=at, own=what == "form"), NOW)
    return state


class TestStopWins:
    """I3: STOP wins, in whatever order its news arrive."""

    @given(steps)
    def test_a_stop_newer_than_every_own_act_always_holds(self, events):
        own = [at for what, at in events if what in {"start", "form"}]
        last = max(own, default=NOW)
        stopped = [*events, ("stop", last)]
        assert rules.is_opted_out(play(stopped))
        assert rules.is_opted_out(play([("stop", last), *events]))

    @given(steps, st.integers(0, 5))
    def test_a_start_no_newer_than_the_latest_stop_opens_nothing(self, events, hours):
        stops = [at for what, at in events if what == "stop"]
        state = play(events)
        if not stops or not rules.is_opted_out(state):
            return
        late = max(stops) - timedelta(hours=hours)
        assert rules.restored_by_opt_in(state, late, uuid4(), NOW) == state
        assert rules.with_consent(state, grant(at=late, own=True), NOW) == state

    @given(steps)
    def test_nothing_staff_do_ever_ends_an_opt_out(self, events):
        state = play(events)
        for what in ("staff", "bought"):
            after = play([(what, NOW + 99 * DAY)], state)
            assert rules.is_opted_out(after) == rules.is_opted_out(state)

    @given(
        st.lists(st.tuples(st.sampled_from(["stop", "start"]), moments), max_size=8), st.randoms()
    )
    def test_the_order_of_arrival_does_not_matter(self, events, random):
        shuffled = list(events)
        random.shuffle(shuffled)
        stops = [at for what, at in events if what == "stop"]
        starts = [at for what, at in events if what == "start"]
        expected = bool(stops) and (not starts or max(starts) <= max(stops))
        assert rules.is_opted_out(play(events)) == expected
        assert rules.is_opted_out(play(shuffled)) == expected

    @given(steps)
    def test_consent_that_nobody_gave_never_appears(self, events):
        state = play(events)
        gave = {"start", "form", "staff"} & {what for what, _ in events}
        assert gave or state.strength is S.NONE


def record(**values):
    known = {
        "id": uuid4(),
        "organization_id": uuid4(),
        "account_id": uuid4(),
        "e164": "+13125550142",
        "event": Event.GIVEN,
        "method": M.HOSTED_FORM,
        "strength": S.EXPRESS_WRITTEN,
        "kinds": BOTH_KINDS,
        "is_imported": False,
        "is_staff_entry": False,
        "name": "Carol Reyes",
        "email": "carol@example.com",
        "postal_address": "44 Briar St",
        "given_at": NOW,
        "given_zone": "UTC",
        "given_as_written": "",
        "recorded_at": NOW,
        "expires_at": None,
        "ip_address": "203.0.113.7",
        "method_details": "",
        "source_url": "https://juniper.example/join",
        "disclosure_text": "I agree",
        "checkbox": C.CHECKED,
        "form_name": "Buyers",
        "form_version": "3",
        "user_agent": "Firefox",
        "collected_by": "Bob Tran",
        "evidence": Evidence("a.png", "0" * 64, "a.png", "image/png"),
        "import_id": None,
        "audit_subject_id": uuid4(),
        "sha256": "",
    }
    return RecordRef(**(known | values))


class TestCompleteness:
    """C-1: what is missing is named."""

    def test_a_form_with_everything_is_complete(self):
        complete = rules.completeness(record())
        assert (complete.score, complete.missing) == (100, ())

    @pytest.mark.parametrize(
        ("field", "empty", "named"),
        [
            ("name", "", "name"),
            ("email", "", "e-mail"),
            ("postal_address", "", "postal address"),
            ("given_at", None, "date and time"),
            ("ip_address", "", "IP address"),
            ("source_url", "", "web address"),
            ("disclosure_text", "", "disclosure text"),
            ("checkbox", C.NOT_RECORDED, "checkbox"),
            ("form_version", "", "form and version"),
            ("user_agent", "", "user agent"),
            ("collected_by", "", "who collected it"),
            ("kinds", (), "kinds of text agreed to"),
            ("evidence", None, "the page as the person saw it"),
        ],
    )
    def test_each_missing_fact_is_named_and_costs(self, field, empty, named):
        complete = rules.completeness(record(**{field: empty}))
        assert complete.missing == (named,)
        assert complete.score < 100

    def test_a_text_of_their_own_is_asked_for_no_page(self):
        said = record(
            method=M.INQUIRY, disclosure_text="", evidence=None, method_details="Text SM1"
        )
        assert rules.completeness(said).missing == ()

    def test_a_paper_is_not_asked_for_an_address_on_the_net(self):
        paper = record(method=M.PAPER, ip_address="", source_url="", user_agent="", form_name="")
        assert rules.completeness(paper).missing == ("details of the method",)


class TestReadingFiles:
    @pytest.mark.parametrize(
        ("text", "method"),
        [
            ("web form", M.WEB_FORM),
            ("Website", M.WEB_FORM),
            ("paper sign-in sheet", M.PAPER),
            ("verbal", M.VERBAL),
            ("phone call", M.VERBAL),
            ("imported", M.IMPORT),
            ("purchased list", M.PURCHASED_LIST),
            ("Bought leads", M.PURCHASED_LIST),
            ("purchased list via web form", M.PURCHASED_LIST),
            ("list broker", M.PURCHASED_LIST),
            ("public records", M.PUBLIC_RECORDS),
            ("scraped website", M.PUBLIC_RECORDS),
            ("partner site form", M.THIRD_PARTY),
            ("third-party", M.THIRD_PARTY),
            ("join_keyword", M.JOIN_KEYWORD),
            ("double opt-in", M.DOUBLE_OPT_IN),
            ("inbound text", M.INQUIRY),
            ("carrier pigeon", None),
            ("", None),
        ],
    )
    def test_methods_as_people_write_them(self, text, method):
        """C-7: a bad source is seen first, whatever stands beside it."""
        assert method_of(text) is method

    @pytest.mark.parametrize(
        ("text", "state"),
        [
            ("checked", C.CHECKED),
            ("TRUE", C.CHECKED),
            ("x", C.CHECKED),
            ("unchecked", C.UNCHECKED),
            ("No", C.UNCHECKED),
            ("", C.NOT_RECORDED),
            ("n/a", C.NOT_RECORDED),
            ("maybe", None),
        ],
    )
    def test_checkboxes_as_people_write_them(self, text, state):
        assert checkbox_of(text) is state

    @pytest.mark.parametrize(
        ("text", "utc"),
        [
            ("2026-10-19 05:44:00 -0500", "2026-10-19 10:44"),
            ("2026-10-19T05:44:00Z", "2026-10-19 05:44"),
            ("2026-10-19T05:44:00.123-05:00", "2026-10-19 10:44"),
            ("2026-10-19 05:44 CST", "2026-10-19 11:44"),
            ("10/19/2026 5:44 PM", "2026-10-19 22:44"),
            ("10/19/2026", "2026-10-19 05:00"),
            ("2026-01-05", "2026-01-05 06:00"),
            ("19 Oct 2026", "2026-10-19 05:00"),
        ],
    )
    def test_times_with_their_zone_else_the_accounts(self, text, utc):
        assert f"{time_of(text, 'America/Chicago').at:%Y-%m-%d %H:%M}" == utc

    @pytest.mark.parametrize(
        "text", ["yesterday", "2026-02-30", "0001-01-01", "9999-12-31 23:00", "2026-10-19 05:44 +9900", "12"]
    )  # fmt: skip
    def test_what_is_no_time_is_none(self, text):
        assert time_of(text, "America/Chicago") is None

    @given(st.text(max_size=60))
    def test_no_text_breaks_the_readers(self, text):
        time_of(text, "America/Chicago")
        method_of(text)
        checkbox_of(text)
        ip_of(text)

    def test_ip_addresses_of_both_kinds_are_read(self):
        assert ip_of(" 203.0.113.7 ") == "203.0.113.7"
        assert ip_of("2001:DB8::1") == "2001:db8::1"
        assert ip_of("203.0.113.700") is None

    def test_columns_of_other_tools_are_guessed(self):
        headers = [
            "Name", "Email", "Physical Address", "Phone", "Registration Date and Time", "IP Address",
            "Web URL", "Method", "Disclosure Text", "Checkbox", "User Agent", "Notes",
        ]  # fmt: skip
        assert guess(headers, [], CONSENT_FIELDS) == [
            "name", "email", "postal_address", "phone", "given_at", "ip_address",
            "source_url", "method", "disclosure_text", "checkbox", "user_agent", "method_details",
        ]  # fmt: skip


class TestAuditWords:
    @pytest.mark.parametrize(
        ("event", "said"),
        [
            ("consent:consent:record", "Consent recorded"),
            ("contacts:import:finish", "Contact import finished"),
            ("people:member:add", "Member added"),
            ("billing:subscription:buy", "Plan bought"),
            ("messaging:campaign:cancel", "Campaign cancelled"),
            ("texting_accounts:limits:set", "Limits set"),
            ("numbers:number:buy", "Number bought"),
            ("messaging:text:retry", "Text retried"),
            ("billing:plan:edit", "Plan edited"),
            ("odd", "Odd"),
        ],
    )
    def test_events_are_said_in_words(self, event, said):
        assert words(event) == said

    def test_a_redacted_entry_says_so(self):
        assert facts(None) == (("content", "redacted"),)

    def test_long_and_empty_facts_are_kept_short(self):
        payload = {"note": "x" * 400, "none": None, "list": [1, 2], "flag": True, "map": {"a": 1}}
        shown = dict(facts(payload))
        assert shown["map"] == "a: 1"
        assert len(shown["note"]) <= 160
        assert shown["list"] == "1, 2"
        assert shown["flag"] == "yes"
        assert "none" not in shown
