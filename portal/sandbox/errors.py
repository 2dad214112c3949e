"""How the carrier says no: Twilio's codes, words and HTTP status."""

# code: (HTTP status, message). Words follow Twilio's error dictionary.
CODES: dict[int, tuple[int, str]] = {
    20001: (400, "{detail}"),
    20003: (401, "Authenticate"),
    20005: (403, "Account {detail} is not active"),
    20403: (403, "Forbidden"),
    20404: (404, "The requested resource {detail} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service Unavailable"),
    21210: (400, "'From' phone number not verified: {detail}"),
    22137: (400, "Port is already in progress: {detail}"),
    21211: (400, "Invalid 'To' Phone Number: {detail}"),
    21212: (400, "Invalid From Number (caller ID): {detail}"),
    21266: (400, "'To' and 'From' number cannot be the same: {detail}"),
    21408: (
        400,
        (
            "Permission to send an SMS has not been enabled for the region indicated by "
            "the 'To' number: {detail}"
        ),
    ),
    21421: (400, "PhoneNumber Requires a valid phone number: {detail}"),
    21422: (400, "PhoneNumber {detail} is not available."),
    21451: (400, "The area code {detail} is invalid"),
    21452: (400, "No phone numbers found in area code {detail}"),
    21473: (
        400,
        "AccountSid {detail} is not related to the originating owner of the phone number",
    ),
    21474: (400, "Number transfer requires the credentials of the parent account"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        (
            "The 'From' phone number provided ({detail}) is not a valid message-capable "
            "Twilio phone number for this destination/account"
        ),
    ),
    21609: (400, "The 'StatusCallback' URL {detail} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (400, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (
        400,
        (
            "Message cannot be sent with the current combination of 'To' ({detail}) and/or "
            "'From' parameters"
        ),
    ),
    21614: (400, "'To' number is not a valid mobile number: {detail}"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21620: (400, "Invalid media URL(s): {detail}"),
    21623: (400, "Number of media files exceeds allowed limit of 10"),
    21624: (400, "The ValidityPeriod {detail} is not in the range 1 to 36000"),
    21701: (404, "The Messaging Service {detail} does not exist"),
    21704: (400, "The Messaging Service contains no phone numbers"),
    21705: (400, "The Messaging Service SID {detail} is invalid"),
    21710: (409, "Phone Number {detail} is already in the Messaging Service."),
    21712: (409, "Phone Number {detail} is associated with another Messaging Service"),
    21717: (400, "A2P brand registration {detail} is missing or not approved"),
    21714: (400, "The number pool of the Messaging Service is at its limit"),
    30409: (400, "The message can no longer be canceled"),
    35111: (400, "SendAt is required with ScheduleType"),
    35114: (400, "SendAt is out of bounds: {detail}"),
    35118: (400, "MessagingServiceSid is required to schedule a message"),
}

# What a status callback and the log call a failed delivery.
DELIVERY_ERRORS: dict[int, str] = {
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    11200: "HTTP retrieval failure of its media",
    11751: "Media exceeds the size limit",
    12300: "Invalid Content-Type of its media",
    30017: "Carrier network congestion",
    30022: "US A2P 10DLC - Rate Limits Exceeded",
    30032: "Toll-Free Number Has Not Been Verified",
    30034: "US A2P 10DLC - Message from an Unregistered Number",
    30036: "Validity Period Expired",
}


class TwilioError(Exception):
    """A refusal that goes out as Twilio's JSON error body."""

    def __init__(self, code: int, detail: str = "") -> None:
        self.code = code
        self.status, words = CODES[code]
        self.message = words.format(detail=detail)
        super().__init__(self.message)

    def body(self) -> dict[str, object]:
        """Return the JSON that Twilio's client reads."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
