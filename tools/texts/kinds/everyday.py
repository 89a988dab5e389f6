"""What people ask assistants every day, and what they get back."""

from plan import Plan

PLANS = [
    Plan("everyday", "en", 5200, "day.prompt"),
    Plan("everyday", "en", 4000, "day.answer", role="completion", register="written"),
    Plan("everyday", "zh", 3900, "day.prompt"),
    Plan("everyday", "zh", 2600, "day.answer", role="completion", register="written"),
]
