"""An arithmetic-coded JPEG, which no library here writes: the QM coder of ITU-T T.81, annex D, for a flat photo."""

from __future__ import annotations

import struct

# Table D.3: the interval of the less probable symbol, and the next state after the more probable one. A flat photo
# repeats its decisions, so that it stays among the first states.
_INTERVALS = (
    0x5A1D, 0x2586, 0x1114, 0x080B, 0x03D8, 0x01DA, 0x00E5, 0x006F, 0x0036, 0x001A, 0x000D, 0x0006, 0x0003, 0x0001
)  # fmt: skip


class _Context:
    state = 0
    likely = 0


class _Coder:
    """The encoder of T.81, figures D.1 to D.15."""

    def __init__(self) -> None:
        self.out = bytearray()
        self._a, self._c, self._count, self._stacked = 0x10000, 0, 11, 0

    def put(self, context: _Context, bit: int) -> None:
        interval = _INTERVALS[context.state]
        self._a -= interval
        if bit == context.likely:
            if self._a >= 0x8000:
                return
            if self._a < interval:
                self._c, self._a = self._c + self._a, interval
            context.state = min(context.state + 1, len(_INTERVALS) - 1)
        else:
            assert context.state == 0, "only the first decision of a flat photo is the less probable one"
            if self._a >= interval:
                self._c, self._a = self._c + self._a, interval
            context.state, context.likely = 1, 1 - context.likely
        while True:
            self._shift()
            if self._a >= 0x8000:
                return

    def finish(self) -> bytes:
        clear = (self._c + self._a - 1) & 0xFFFF0000
        self._c = clear + 0x8000 if clear < self._c else clear
        self._c <<= self._count
        self._byte()
        self._c <<= 8
        self._byte()
        self._flush(0xFF)
        return bytes(self.out)

    def _shift(self) -> None:
        self._a, self._c, self._count = self._a << 1, self._c << 1, self._count - 1
        if self._count == 0:
            self._byte()
            self._count = 8

    def _byte(self) -> None:
        found = self._c >> 19
        if found > 0xFF:
            self.out[-1] += 1
            if self.out[-1] == 0xFF:
                self.out.append(0)
            self._flush(0)
            self.out.append(found & 0xFF)
        elif found == 0xFF:
            self._stacked += 1
        else:
            self._flush(0xFF)
            self.out.append(found)
        self._c &= 0x7FFFF

    def _flush(self, value: int) -> None:
        for _ in range(self._stacked):
            self.out += b"\xff\x00" if value else b"\x00"
        self._stacked = 0


def flat(width: int, height: int) -> bytes:
    """A grey JPEG of middle grey, sequential, arithmetic coding (SOF9)."""
    coder, mean, end = _Coder(), _Context(), _Context()
    for _ in range(-(-width // 8) * -(-height // 8)):
        coder.put(mean, 0)  # the mean is the one before
        coder.put(end, 1)  # and that is all of the block
    segments = (
        (0xDB, b"\x00" + b"\x01" * 64),
        (0xC9, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"),
        (0xDA, b"\x01\x01\x00\x00\x3f\x00"),
    )
    head = b"".join(struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body for kind, body in segments)
    return b"\xff\xd8" + head + coder.finish() + b"\xff\xd9"
