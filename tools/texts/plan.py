"""What a kind of rows is: where its texts come from and which labels they carry."""

from dataclasses import dataclass, field

CATEGORIES = ["hate", "harassment", "sexual", "sexual_minors", "violence", "self_harm", "illicit", "jailbreak"]


@dataclass(frozen=True)
class Plan:
    """`count` rows of one kind in one language, grown from the bank `start`.

    `yes` are the categories the texts belong to, `unsure` those that are left unlabelled (null) because the field draws
    the line differently; all others are 0. `register`: "chat" (any register), "written" (spelling rules kept) or "raw"
    (as the bank has it). With `groups`, each text is about one line of that table of identity groups; `balanced`: each line as
    often as its column `share` says, so that groups of which data sets hold much quarrel get more rows without any.
    """

    kind: str
    lang: str
    count: int
    start: str
    role: str = "prompt"
    yes: tuple = ()
    unsure: tuple = ()
    register: str = "chat"
    groups: str = ""
    balanced: bool = False
    bind: dict = field(default_factory=dict)

    def __post_init__(self):
        for name in (*self.yes, *self.unsure):
            if name not in CATEGORIES or name == "sexual_minors":
                raise ValueError(f"{self.kind}: {name} is no category of ours")

    def labels(self):
        made = {name: 1 if name in self.yes else None if name in self.unsure else 0 for name in CATEGORIES}
        made["any"] = 1 if self.yes else 0
        return made
