"""What people ask assistants every day, and what they get back."""

from plan import Plan

PLANS = [
    Plan("everyday", "en", 6000, "day.prompt"),
    Plan("everyday", "en", 4200, "day.answer", role="completion", register="written"),
]
