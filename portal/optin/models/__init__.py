"""Tables of opt-in forms; private to the slice."""

from portal.optin.models.captures import Capture, Confirmation
from portal.optin.models.forms import Form, FormVersion, VersionPicture

__all__ = ["Capture", "Confirmation", "Form", "FormVersion", "VersionPicture"]
