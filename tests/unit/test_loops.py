"""No event loop outlives its test unclosed."""

from __future__ import annotations

import asyncio

from tests.loops import returned_to


def test_a_loop_that_is_left_behind_is_closed(main_loop: asyncio.AbstractEventLoop) -> None:
    with returned_to(main_loop):
        asyncio.run(asyncio.sleep(0))  # leaves the thread without a loop
        made = asyncio.new_event_loop()
        asyncio.set_event_loop(made)
    assert made.is_closed()
    assert asyncio.get_event_loop() is main_loop


def test_the_common_one_is_back_where_none_was_left(main_loop: asyncio.AbstractEventLoop) -> None:
    with returned_to(main_loop):
        asyncio.run(asyncio.sleep(0))
    assert asyncio.get_event_loop() is main_loop
    assert not main_loop.is_closed()
