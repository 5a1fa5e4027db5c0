"""What the contract's answers tell of a face."""

from facecore.report import Field

WANT = frozenset({Field.LIVENESS})
