"""How a drill ends early: the machine cannot run it, or something other than a promise broke."""


class DrillError(Exception):
    """The drill itself failed; its message is one line for the person who ran it."""

    exit_code = 4


class Unavailable(DrillError):
    """This machine lacks what the drill needs; nothing was tested."""

    exit_code = 3
