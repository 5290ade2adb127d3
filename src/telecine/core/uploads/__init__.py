"""Files on their way: begun, brought in pieces, broken off and gone on with; then a file."""

from telecine.core.uploads.model import MOST_PIECES, NewUpload, Piece, Upload
from telecine.core.uploads.service import (
    append,
    begin,
    begun,
    declare,
    expired,
    file_of,
    find_file,
    finish,
    get,
    keys_of,
    pieces,
    remove,
    take,
)

__all__ = [
    "MOST_PIECES",
    "NewUpload",
    "Piece",
    "Upload",
    "append",
    "begin",
    "begun",
    "declare",
    "expired",
    "file_of",
    "find_file",
    "finish",
    "get",
    "keys_of",
    "pieces",
    "remove",
    "take",
]
