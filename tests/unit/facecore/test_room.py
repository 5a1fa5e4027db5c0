"""Photos that are unpacked at once have to fit into the room that there is."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from facecore import Analyzer
from facecore.room import Room
from tests import photos


class Guest(threading.Thread):
    """Takes room until it is let go."""

    def __init__(self, room: Room, pixels: int) -> None:
        super().__init__(daemon=True)
        self._room, self._pixels = room, pixels
        self.inside, self._go = threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        with self._room.taken(self._pixels):
            self.inside.set()
            self._go.wait(20)

    def leave(self) -> None:
        self._go.set()
        self.join(20)


def test_who_does_not_fit_waits() -> None:
    room = Room(100)
    first, second = Guest(room, 60), Guest(room, 40)
    assert first.inside.wait(5)
    assert second.inside.wait(5)
    third = Guest(room, 1)
    assert not third.inside.wait(0.2)
    second.leave()
    assert third.inside.wait(5)
    first.leave()
    third.leave()


def test_one_that_is_too_large_has_it_all_and_is_not_overtaken() -> None:
    room = Room(100)
    small = Guest(room, 10)
    assert small.inside.wait(5)
    large = Guest(room, 1000)
    assert not large.inside.wait(0.1)
    late = Guest(room, 10)
    assert not late.inside.wait(0.2), "it would fit, but the large one would wait for ever"
    small.leave()
    assert large.inside.wait(5)
    assert not late.inside.wait(0.1)
    large.leave()
    assert late.inside.wait(5)
    late.leave()


def test_room_is_given_back_after_an_error() -> None:
    room = Room(10)
    with pytest.raises(ZeroDivisionError), room.taken(10):
        raise ZeroDivisionError
    guest = Guest(room, 10)
    assert guest.inside.wait(5)
    guest.leave()


@pytest.mark.parametrize(("unpacked", "most"), [(1, 1), (2, 2)])
def test_a_batch_over_many_lanes_unpacks_so_many_at_once(
    monkeypatch: pytest.MonkeyPatch, unpacked: int, most: int
) -> None:
    """However many lanes and threads there are."""
    import facecore.intake

    side, here, peak, lock = 100, 0, 0, threading.Lock()
    real = facecore.intake._unpacked

    def counted(*args: object) -> object:
        nonlocal here, peak
        with lock:
            here += 1
            peak = max(peak, here)
        try:
            threading.Event().wait(0.02)
            return real(*args)  # type: ignore[arg-type]
        finally:
            with lock:
                here -= 1

    monkeypatch.setattr(facecore.intake, "_unpacked", counted)
    analyzer = Analyzer(max_pixels=side * side, lanes=4, unpacked=unpacked)
    shot = photos.encoded(photos.no_face()[:side, :side])
    with ThreadPoolExecutor(2) as callers:
        for reports in callers.map(lambda _: analyzer.analyse_batch([shot] * 4, frozenset()), range(2)):
            assert len(reports) == 4
    assert peak == most
