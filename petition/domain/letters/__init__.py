"""Letters: their kinds and states, and the code that is typed from one."""
