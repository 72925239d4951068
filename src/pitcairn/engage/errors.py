class AudienceError(Exception):
    """A change that cannot be made. The text says why and what to do.

    `field` names the input it is about, or is ""; `path` is the part of the condition, as `ConditionError` writes it.
    """

    def __init__(self, field: str, text: str, *, path: str = "") -> None:
        super().__init__(text)
        self.field = field
        self.text = text
        self.path = path
