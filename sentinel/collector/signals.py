"""What a daemon is told by signals: SIGTERM and SIGINT end it, SIGHUP has it read its settings again."""

from __future__ import annotations

import signal
import threading
from types import FrameType


def listen(ending: threading.Event, reloading: threading.Event, wake: threading.Event) -> None:
    """Have signals set the events, and each of them `wake`. For the main thread."""

    def setting(event: threading.Event, *numbers: signal.Signals) -> None:
        def handler(_number: int, _frame: FrameType | None) -> None:
            event.set()
            wake.set()

        for number in numbers:
            signal.signal(number, handler)

    setting(ending, signal.SIGTERM, signal.SIGINT)
    setting(reloading, signal.SIGHUP)
