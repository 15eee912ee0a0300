"""Tests that measure short times get a room of their own, and do not wait for it for ever."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from tests.alone import room


def test_who_is_alone_waits_for_those_inside_and_who_comes_later_waits_behind(tmp_path: Path) -> None:
    order: list[str] = []
    leave = threading.Event()

    def stay(name: str, alone: bool) -> None:
        with room(tmp_path, alone):
            order.append(f"{name} in")
            if name == "first":
                leave.wait(10)
            order.append(f"{name} out")

    threads = [threading.Thread(target=stay, args=row) for row in (("first", False), ("alone", True), ("later", False))]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    assert order == ["first in"]
    leave.set()
    for thread in threads:
        thread.join(10)
    assert order == ["first in", "first out", "alone in", "alone out", "later in", "later out"]


def test_the_others_share_it(tmp_path: Path) -> None:
    with room(tmp_path, False), room(tmp_path, False):
        pass
