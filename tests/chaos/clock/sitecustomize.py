"""For processes under libfaketime: its clock_nanosleep refuses some of the deadlines that Python's sleep gives it."""

import select
import time

time.sleep = lambda seconds: select.select([], [], [], seconds)  # type: ignore[assignment,arg-type]
