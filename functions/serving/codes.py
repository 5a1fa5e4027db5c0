"""What a contract's error table is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One line of a vendor's error table.

    Attributes:
        code: As the vendor writes it.
        message: The vendor's words.
        cause: What makes this service send it; empty when it never does.
        status: The HTTP status it travels with.
        billable: Whether a call that ends with it counts towards what the client pays for.
        never: Why it can not occur here; empty when it can.
    """

    code: int | str
    message: str
    cause: str = ""
    status: int = 200
    billable: bool = False
    never: str = ""

    def __post_init__(self) -> None:
        if bool(self.cause) == bool(self.never):
            raise ValueError(f"code {self.code} needs either a cause or the reason why it never occurs")


class Failure(Exception):
    """A call that ends with one of the vendor's codes.

    Attributes:
        code: The line of the table.
        message: The words to send: the table's, or with a parameter's name filled in.
    """

    def __init__(self, code: Code, message: str | None = None) -> None:
        super().__init__(code.code)
        self.code = code
        self.message = code.message if message is None else message


def table(codes: Iterable[Code]) -> dict[int | str, Code]:
    """The codes by their number.

    Raises:
        ValueError: A code comes twice.
    """
    found: dict[int | str, Code] = {}
    for code in codes:
        if code.code in found:
            raise ValueError(f"code {code.code} comes twice")
        found[code.code] = code
    return found
