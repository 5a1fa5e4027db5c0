"""What the contract's answers tell of a face."""

from facecore.report import Field

WANT = frozenset(
    {
        Field.AGE,
        Field.SYNTHETIC,
        Field.LIVENESS,
        Field.GENDER,
        Field.GLASSES,
        Field.FACE_TYPE,
        Field.FACE_SHAPE,
        Field.EXPRESSION,
        Field.QUALITY,
    }
)
