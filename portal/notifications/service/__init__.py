"""Verbs of notices: tell, read, forget, mail them, choose which mail one gets."""

from portal.notifications.service.choosing import choose, person_of_link, turn_off, unsubscribe_url
from portal.notifications.service.mailing import mail_due, send_digest
from portal.notifications.service.pushing import (
    add_device,
    forget_devices,
    keep_key,
    remove_device,
)
from portal.notifications.service.telling import (
    forget_about,
    forget_old,
    mark_all_read,
    mark_read,
    notify,
)

__all__ = [
    "add_device",
    "choose",
    "forget_about",
    "forget_devices",
    "forget_old",
    "keep_key",
    "mail_due",
    "mark_all_read",
    "mark_read",
    "notify",
    "person_of_link",
    "remove_device",
    "send_digest",
    "turn_off",
    "unsubscribe_url",
]
