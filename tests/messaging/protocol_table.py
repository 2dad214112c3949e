"""The oracle of the send protocol: where every text ends (PROMISES 2.2, 2.5, 2.7).

A line is a place of death, a column an answer of the carrier. A cell holds the state, how
often the carrier took the text, and whether it was charged: `delivered/1/c` is delivered,
taken once, charged. Nothing in these tables is ever taken twice.
"""

OUTCOMES = (
    "created_201",
    "reset_after_taken",
    "timeout_after_taken",
    "error_500_after_taken",
    "truncated_201",
    "error_500",
    "redirect_302",
    "refused_once",
    "busy_429_twice",
    "refused_always",
    "rejected_21211",
    "opted_out_21610",
    "taken_then_undelivered",
)

DONE = "delivered/1/c"
LOST = "unconfirmed/0/-"  # it never left, and that is shown
MAYBE = "unconfirmed/1/-"  # it left, and nobody ever told us
GAVE_UP = "expired/0/-"
REFUSED = "rejected/0/-"
RETURNED = "undelivered/1/c"
TAKEN = "accepted/1/c"

# As if nothing had died: what was not committed is done again, and nothing had left.
UNHARMED = (
    DONE,
    DONE,
    DONE,
    DONE,
    DONE,
    LOST,
    LOST,
    DONE,
    DONE,
    GAVE_UP,
    REFUSED,
    REFUSED,
    RETURNED,
)
# Marked as leaving, and the POST was never made.
NEVER_POSTED = (LOST,) * len(OUTCOMES)
# The POST was made, and its answer died with us.
ANSWER_DIED = (DONE, DONE, DONE, DONE, DONE, LOST, LOST, LOST, LOST, LOST, LOST, LOST, RETURNED)

# The same three when the carrier calls nobody back and lists nothing either.
UNHARMED_SILENT = (
    TAKEN, MAYBE, MAYBE, MAYBE, MAYBE, LOST, LOST, TAKEN, TAKEN, GAVE_UP, REFUSED, REFUSED, TAKEN,
)  # fmt: skip
ANSWER_DIED_SILENT = (
    MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, LOST, LOST, LOST, LOST, LOST, LOST, LOST, MAYBE,
)  # fmt: skip

# With callbacks lost the list tells: but only of texts in doubt, the others stay accepted.
UNHARMED_LISTED = (
    TAKEN, DONE, DONE, DONE, DONE, LOST, LOST, TAKEN, TAKEN, GAVE_UP, REFUSED, REFUSED, TAKEN,
)  # fmt: skip

DEATHS = {
    # place of death: (callbacks arrive, callbacks lost but listed, silence)
    "nowhere": (UNHARMED, UNHARMED_LISTED, UNHARMED_SILENT),
    "t0_before_commit": (UNHARMED, UNHARMED_LISTED, UNHARMED_SILENT),
    "t0_after_commit": (UNHARMED, UNHARMED_LISTED, UNHARMED_SILENT),
    "t1_before_commit": (UNHARMED, UNHARMED_LISTED, UNHARMED_SILENT),
    "t1_after_commit": (UNHARMED, UNHARMED_LISTED, UNHARMED_SILENT),
    "t2_before_commit": (UNHARMED, UNHARMED_LISTED, UNHARMED_SILENT),
    "t2_after_commit": (NEVER_POSTED, NEVER_POSTED, NEVER_POSTED),
    "post_before_t3": (ANSWER_DIED, ANSWER_DIED, ANSWER_DIED_SILENT),
    "t3_before_commit": (ANSWER_DIED, ANSWER_DIED, ANSWER_DIED_SILENT),
    "t3_after_commit": (UNHARMED, UNHARMED_LISTED, UNHARMED_SILENT),
    "callback_before_commit": (UNHARMED, UNHARMED_LISTED, UNHARMED_SILENT),
    "applier_before_commit": (UNHARMED, UNHARMED_LISTED, UNHARMED_SILENT),
    "reaper_before_commit": (ANSWER_DIED, ANSWER_DIED, ANSWER_DIED_SILENT),
    "reaper_after_commit": (ANSWER_DIED, ANSWER_DIED, ANSWER_DIED_SILENT),
    "reconciler_before_commit": (ANSWER_DIED, ANSWER_DIED, ANSWER_DIED_SILENT),
    "reconciler_after_commit": (ANSWER_DIED, ANSWER_DIED, ANSWER_DIED_SILENT),
}
