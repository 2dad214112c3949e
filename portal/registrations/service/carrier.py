"""The carrier's half of registering: no row is read or written while it talks.

Whatever is made is looked for first. What an earlier run may have made is not made again until
the carrier's lists would surely show it (PROMISES 1.3).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from portal.core import phone
from portal.core.errors import GatewayBusy, GatewayError, GatewayRejected, GatewayUnclear
from portal.core.settings import LIST_LAG
from portal.core.steps import Trouble
from portal.gateways import numbers as number_gateways
from portal.gateways import registrations as gateways
from portal.gateways.credentials import CarrierCredentials, of_installation
from portal.gateways.registrations import (
    Business,
    Campaign,
    Decision,
    Reason,
    RegistrationGateway,
    Review,
    Thing,
    Verification,
)
from portal.numbers import rules as number_rules
from portal.numbers.rules import Doing
from portal.registrations.rules import wordings
from portal.registrations.values import Details, Order, Outcome, Result, Step

_NO_PRIMARY: Final = Trouble(
    "The installation's own business profile is not approved at Twilio yet.",
    "An administrator makes it in Twilio's Console, under Trust Hub, once for all organizations.",
)
_NO_ACCOUNT: Final = Trouble(
    "The organization has no account at the carrier.", "It comes with the first number."
)
_LIST_LAGS: Final = Trouble(
    "Twilio did not answer in time, so this may have been sent in already.",
    "It is looked for again before anything is sent a second time.",
)
_NO_NUMBER: Final = Trouble("This number is not set up any more.", "Set it up, then try again.")
_PARTS: Final = {
    Step.PROFILE: Thing.PROFILE,
    Step.ADDRESS: Thing.ADDRESS,
    Step.BUSINESS: Thing.BUSINESS,
    Step.REPRESENTATIVE: Thing.REPRESENTATIVE,
    Step.ADDRESS_DOCUMENT: Thing.ADDRESS_DOCUMENT,
    Step.A2P_PROFILE: Thing.A2P_PROFILE,
    Step.A2P_INFORMATION: Thing.A2P_INFORMATION,
}
_WRITTEN: Final = (Step.ADDRESS, Step.BUSINESS, Step.REPRESENTATIVE, Step.A2P_INFORMATION)
_NOT_FOUND: Final = 404
_SAYS_NOTHING: Final = frozenset({Step.NUMBERS, Step.WATCH})  # what refuses these is no rejection
_NOT_OURS: Final = frozenset({401, 403})  # about the credentials, not about what was sent in
_ENDS: Final = {
    Decision.APPROVED: Result.DONE,
    Decision.REJECTED: Result.REJECTED,
    Decision.SUSPENDED: Result.SUSPENDED,
}


def carry_out(order: Order) -> Outcome:
    """Do one step at the carrier. Call it outside any unit of work; never raises for its sake."""
    if order.credentials is None:
        return Outcome(Result.NOT_NOW, trouble=_NO_ACCOUNT, asked_at=order.asked_at)
    run = _Run(gateways.current(), order, order.credentials)
    try:
        return run.go()
    except GatewayError as error:
        return run.failed(error)


class _Run:
    """One attempt at a step, and since when something may have been made."""

    def __init__(
        self, gateway: RegistrationGateway, order: Order, credentials: CarrierCredentials
    ) -> None:
        self.gateway, self.order, self.own = gateway, order, credentials
        self.asked_at = order.asked_at
        self.about = business_of(order.details)

    def go(self) -> Outcome:
        step = self.order.step
        if step in _PARTS:
            return self.make_part(_PARTS[step])
        return _WAYS[step](self)

    def failed(self, error: GatewayError) -> Outcome:
        """Return how far it came, and why no further."""
        if isinstance(error, GatewayRejected) and self._has_gone(error):
            reason = Reason(error.code, str(error))
            review = Review("gone", Decision.REJECTED, (reason,), may_send_in_again=False)
            is_watched = self.order.step is Step.WATCH
            return Outcome(Result.SUSPENDED if is_watched else Result.REJECTED, review=review)
        if isinstance(error, GatewayRejected) and self._is_about_content(error):
            review = Review("refused", Decision.REJECTED, (Reason(error.code, str(error)),))
            return Outcome(Result.REFUSED, review=review, asked_at=self.asked_at)
        trouble = number_rules.explain(error, Doing.REGISTER)
        return Outcome(Result.NOT_NOW, trouble=trouble, asked_at=self.asked_at)

    def _has_gone(self, error: GatewayRejected) -> bool:
        """Say whether a toll-free number's verification is not at the carrier any more."""
        return error.status == _NOT_FOUND and Step.VERIFICATION in self.order.sids

    def _is_about_content(self, error: GatewayRejected) -> bool:
        """Say whether what was sent in is to be mended, not the account or one of its numbers."""
        is_account = error.status in _NOT_OURS or number_rules.is_about_account(error)
        return not is_account and self.order.step not in _SAYS_NOTHING

    def make(self, find: Callable[[], str | None], create: Callable[[], str]) -> Outcome:
        """Find something, or make it: never twice, whatever became of earlier runs."""
        found = find()
        if found is not None:
            return Outcome(Result.DONE, found)
        asked_at, now = self.order.asked_at, self.order.now
        if asked_at is not None and now < asked_at + LIST_LAG:
            return Outcome(Result.WAITING, trouble=_LIST_LAGS, asked_at=asked_at)
        self.asked_at = None  # what fails from here on was not done, unless it is unclear
        try:
            return Outcome(Result.DONE, create())
        except GatewayUnclear:
            self.asked_at = now
            found = find()
            if found is None:
                raise
            return Outcome(Result.DONE, found)

    def make_part(self, thing: Thing) -> Outcome:
        name = number_rules.subaccount_name(f"{thing.value} {self.order.organization_id}")[:64]
        address = self.order.sids.get(Step.ADDRESS, "")
        return self.make(
            lambda: self.gateway.find(self.own, thing, name),
            lambda: self.gateway.create(self.own, thing, name, self.about, address),
        )

    def primary(self) -> Outcome:
        parent = of_installation()
        sid = self.gateway.primary_profile(parent)
        if sid is None:
            return Outcome(Result.NOT_NOW, trouble=_NO_PRIMARY)
        return Outcome(Result.DONE, sid)

    def attach_profile(self) -> Outcome:
        parts = (Step.BUSINESS, Step.REPRESENTATIVE, Step.ADDRESS_DOCUMENT, Step.PRIMARY)
        return self._attach(Thing.PROFILE, Step.PROFILE, parts)

    def attach_a2p(self) -> Outcome:
        parts = (Step.A2P_INFORMATION, Step.PROFILE)
        return self._attach(Thing.A2P_PROFILE, Step.A2P_PROFILE, parts)

    def submit_profile(self) -> Outcome:
        self.gateway.submit_bundle(self.own, Thing.PROFILE, self._sid(Step.PROFILE))
        return Outcome(Result.DONE)

    def submit_a2p(self) -> Outcome:
        self.gateway.submit_bundle(self.own, Thing.A2P_PROFILE, self._sid(Step.A2P_PROFILE))
        return Outcome(Result.DONE)

    def brand(self) -> Outcome:
        profile, a2p = self._sid(Step.PROFILE), self._sid(Step.A2P_PROFILE)
        is_low = self.order.details.tier != "standard"
        return self.make(
            lambda: self.gateway.find_brand(self.own, a2p),
            lambda: self.gateway.create_brand(self.own, profile, a2p, is_low_volume=is_low),
        )

    def await_brand(self) -> Outcome:
        review = self.gateway.brand(self.own, self._sid(Step.BRAND))
        if review.decision is Decision.APPROVED:
            return Outcome(Result.DONE, review=review)
        # A brand waits, or fails, also where its business was turned down.
        profile = self.gateway.bundle(self.own, Thing.PROFILE, self._sid(Step.PROFILE))
        if profile.decision is Decision.REJECTED:
            reasons = review.reasons or profile.reasons or (Reason(None, "", ("OTHERS",)),)
            return Outcome(Result.REJECTED, review=replace(profile, reasons=reasons))
        return _ended(review)

    def campaign(self) -> Outcome:
        service, text = self._service(), campaign_of(self.order.details)
        return self.make(
            lambda: self._campaign_of(service),
            lambda: self.gateway.create_campaign(self.own, service, self._sid(Step.BRAND), text),
        )

    def withdraw_campaign(self) -> Outcome:
        """Take back what the carriers take no second time; what they took after all stays."""
        sid = self._sid(Step.CAMPAIGN)
        is_back = self.gateway.withdraw_campaign(self.own, self._service(), sid)
        return Outcome(Result.DONE, sid if is_back else None)

    def await_campaign(self) -> Outcome:
        sid = self._sid(Step.CAMPAIGN)
        return _ended(self.gateway.campaign(self.own, self._service(), sid))

    def numbers(self) -> Outcome:
        """Put every local number into the campaign's service; one that is there is no error.

        One that has left the account meanwhile holds the others up no more than that.
        """
        for sid in self.order.number_sids:
            try:
                number_gateways.current().add_to_service(self.own, self._service(), sid)
            except GatewayRejected as error:
                if error.status != _NOT_FOUND:
                    raise
        return Outcome(Result.DONE)

    def verification(self) -> Outcome:
        if not self.order.number_sids:
            return Outcome(Result.NOT_NOW, trouble=_NO_NUMBER, asked_at=self.order.asked_at)
        [number] = self.order.number_sids
        text = verification_of(self.order.details)
        return self.make(
            lambda: self.gateway.find_verification(
                self.own, number, other_than=self.order.earlier_sids
            ),
            lambda: self.gateway.create_verification(self.own, number, text),
        )

    def await_verification(self) -> Outcome:
        return _ended(self.gateway.verification(self.own, self._sid(Step.VERIFICATION)))

    def watch(self) -> Outcome:
        """See whether what is registered still is; a change for the worse stops the numbers."""
        if Step.VERIFICATION in self.order.sids:
            review = self.gateway.verification(self.own, self._sid(Step.VERIFICATION))
        else:
            review = self.gateway.brand(self.own, self._sid(Step.BRAND))
            if review.decision is Decision.APPROVED:
                sid = self._sid(Step.CAMPAIGN)
                review = self.gateway.campaign(self.own, self._service(), sid)
        if review.decision in {Decision.REJECTED, Decision.SUSPENDED}:
            return Outcome(Result.SUSPENDED, review=review)
        return Outcome(Result.DONE, review=review)

    def update_parts(self) -> Outcome:
        """Write what is known now into everything that was told before."""
        for step in _WRITTEN:
            if step in self.order.sids:
                self.gateway.update(self.own, _PARTS[step], self._sid(step), self.about)
        return Outcome(Result.DONE, asked_at=self.order.asked_at)

    def resubmit_brand(self) -> Outcome:
        self.gateway.resubmit_brand(self.own, self._sid(Step.BRAND))
        return Outcome(Result.DONE)

    def resubmit_campaign(self) -> Outcome:
        text = campaign_of(self.order.details)
        sid = self._sid(Step.CAMPAIGN)
        self.gateway.resubmit_campaign(self.own, self._service(), sid, text)
        return Outcome(Result.DONE)

    def resubmit_verification(self) -> Outcome:
        text, sid = verification_of(self.order.details), self._sid(Step.VERIFICATION)
        try:
            self.gateway.resubmit_verification(self.own, sid, text)
        except GatewayRejected:
            review = self.gateway.verification(self.own, sid)
            if review.decision is not Decision.REJECTED or review.may_send_in_again:
                raise
            return Outcome(Result.REJECTED, review=review)  # its days were over after all
        return Outcome(Result.DONE)

    def _attach(self, bundle: Thing, of: Step, parts: tuple[Step, ...]) -> Outcome:
        self.gateway.attach(self.own, bundle, self._sid(of), [self._sid(part) for part in parts])
        return Outcome(Result.DONE)

    def _campaign_of(self, service: str) -> str | None:
        """Return the service's campaign; a list may still hold one that was taken back."""
        found = self.gateway.find_campaign(self.own, service)
        return None if found == self.order.sids.get(Step.WITHDRAW_CAMPAIGN) else found

    def _sid(self, step: Step) -> str:
        return self.order.sids[step]

    def _service(self) -> str:
        if self.order.service_sid is None:
            raise GatewayBusy("the organization has no messaging service yet")
        return self.order.service_sid


_WAYS: Final[Mapping[Step, Callable[[_Run], Outcome]]] = {
    Step.PRIMARY: _Run.primary,
    Step.ATTACH_PROFILE: _Run.attach_profile,
    Step.SUBMIT_PROFILE: _Run.submit_profile,
    Step.ATTACH_A2P: _Run.attach_a2p,
    Step.SUBMIT_A2P: _Run.submit_a2p,
    Step.BRAND: _Run.brand,
    Step.AWAIT_BRAND: _Run.await_brand,
    Step.CAMPAIGN: _Run.campaign,
    Step.AWAIT_CAMPAIGN: _Run.await_campaign,
    Step.NUMBERS: _Run.numbers,
    Step.VERIFICATION: _Run.verification,
    Step.AWAIT_VERIFICATION: _Run.await_verification,
    Step.WATCH: _Run.watch,
    Step.UPDATE_PARTS: _Run.update_parts,
    Step.RESUBMIT_BRAND: _Run.resubmit_brand,
    Step.RESUBMIT_CAMPAIGN: _Run.resubmit_campaign,
    Step.WITHDRAW_CAMPAIGN: _Run.withdraw_campaign,
    Step.RESUBMIT_VERIFICATION: _Run.resubmit_verification,
}


def _ended(review: Review) -> Outcome:
    return Outcome(_ENDS.get(review.decision, Result.PENDING), review=review)


def business_of(details: Details) -> Business:
    """Return the business as carriers are told of it."""
    number = "".join(char for char in details.ein if char.isdigit())
    return Business(
        legal_name=details.legal_name,
        kind=details.business_kind,
        number=f"{number[:2]}-{number[2:]}",
        website=details.website,
        street=details.street,
        city=details.city,
        state=details.state,
        postal_code=details.postal_code,
        first_name=details.first_name,
        last_name=details.last_name,
        title=details.title,
        position=details.position,
        email=details.email,
        phone=phone.parse(details.phone).e164 or details.phone,
        is_nonprofit=details.business_kind == wordings.NONPROFIT,
    )


def campaign_of(details: Details) -> Campaign:
    """Return the campaign as carriers are told of it."""
    return Campaign(
        use_case=details.use_case,
        description=details.description,
        message_flow=details.message_flow,
        samples=details.samples,
        has_links=details.has_links,
        has_phone=details.has_phone,
        opt_in_message=details.opt_in_message,
        opt_out_message=details.opt_out_message,
        help_message=details.help_message,
        privacy_url=details.privacy_url,
        terms_url=details.terms_url,
    )


def verification_of(details: Details) -> Verification:
    """Return a toll-free number as the carrier is told of it."""
    return Verification(
        business=business_of(details),
        categories=wordings.TOLL_FREE_CATEGORIES[details.use_case],
        summary=f"{details.description} {details.message_flow}"[:500],
        sample=details.sample_1,
        images=(details.image_url,),
        volume=details.volume,
        privacy_url=details.privacy_url,
        terms_url=details.terms_url,
    )
