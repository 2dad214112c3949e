"""Everything that changes organizations, people and sign-ins."""

from portal.people.service.invitations import (
    accept_invitation,
    invitation_of,
    invite,
    resend_invitation,
    revoke_invitation,
)
from portal.people.service.members import (
    add_member,
    add_to_team,
    change_role,
    disable_member,
    enable_member,
    lock_member,
    remove_from_team,
    set_active,
)
from portal.people.service.organizations import (
    create_organization,
    create_team,
    edit_organization,
    set_website_domains,
)
from portal.people.service.passwords import (
    change_password,
    check_password,
    hash_password,
    request_reset,
    reset_password,
    user_of_reset,
)
from portal.people.service.sessions import (
    end_other_sessions,
    end_session,
    end_sessions,
    purge_sessions,
    revoke_session,
    session_of,
    start_session,
    touch_session,
)
from portal.people.service.totp import confirm_totp, new_totp, remove_totp, use_code
from portal.people.service.users import create_user, edit_profile, note_sign_in, note_sign_out

__all__ = [
    "accept_invitation",
    "add_member",
    "add_to_team",
    "change_password",
    "change_role",
    "check_password",
    "confirm_totp",
    "create_organization",
    "create_team",
    "create_user",
    "disable_member",
    "edit_organization",
    "edit_profile",
    "enable_member",
    "end_other_sessions",
    "end_session",
    "end_sessions",
    "hash_password",
    "invitation_of",
    "invite",
    "lock_member",
    "new_totp",
    "note_sign_in",
    "note_sign_out",
    "purge_sessions",
    "remove_from_team",
    "remove_totp",
    "request_reset",
    "resend_invitation",
    "reset_password",
    "revoke_invitation",
    "revoke_session",
    "session_of",
    "set_active",
    "set_website_domains",
    "start_session",
    "touch_session",
    "use_code",
    "user_of_reset",
]
