"""What people ask assistants every day, and what they get back."""

from plan import Plan

PLANS = [
    Plan("everyday", "en", 6000, "day.prompt"),
    Plan("everyday", "en", 4200, "day.answer", role="completion", register="written"),
    Plan("everyday", "zh", 4000, "day.prompt"),
    Plan("everyday", "zh", 2800, "day.answer", role="completion", register="written"),
]
