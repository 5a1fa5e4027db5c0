"""What the contract asks of every face."""

from facecore.report import ALL, Field

WANT = ALL - {Field.SYNTHETIC}
"""Whatever `face_field` says: a FACE_TOKEN must answer for any field later."""
