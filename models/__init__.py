"""Tables, one file an aggregate, and the states their rows go through."""

MODEL_MODULES = (
    "models.bookkeeping",
    "models.people",
    "models.staff",
    "models.catalog",
    "models.attachments",
    "models.prereview",
    "models.balancing",
    "models.appointments",
    "models.waitlist",
    "models.draws",
    "models.closures",
    "models.rosters",
    "models.queueing",
    "models.cases",
    "models.delivery",
    "models.notifications",
    "models.ratings",
    "models.audit",
)
