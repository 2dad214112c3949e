"""What can be refused about people and sign-in."""

from portal.core.errors import DomainError


class SignInRefused(DomainError):
    """E-mail and password do not match, or the person may not sign in; never says which."""

    status = 422
    code = "sign_in_refused"


class LinkExpired(DomainError):
    """An invitation or reset link was used, withdrawn or is too old."""

    status = 410
    code = "link_expired"


class PasswordRefused(DomainError):
    """A new password is too easy to guess."""

    status = 422
    code = "password_refused"


class CodeRefused(DomainError):
    """A one-time code is wrong or was used already."""

    status = 422
    code = "code_refused"


class EmailTaken(DomainError):
    """A user with this e-mail exists."""

    code = "email_taken"


class AlreadyMember(DomainError):
    """The person is a member already or has an open invitation."""

    code = "already_member"


class LastLead(DomainError):
    """An organization keeps at least one team lead."""

    code = "last_lead"


class OwnRole(DomainError):
    """Nobody changes their own role."""

    code = "own_role"


class NameTaken(DomainError):
    """A name that must be unique is used already."""

    code = "name_taken"
