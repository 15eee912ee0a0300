"""Decoder: content codings, for transports whose library leaves a body as it came."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from . import transport_errors as errors

#: Reads the head of gzip and of zlib alike.
_EITHER: Final = zlib.MAX_WBITS | 32


def decoder_for(coding: str) -> Decoder | None:
    """Return what decodes a body, as its Content-Encoding says; None where it is plain.

    Raises:
        ResponseFormatError: it is in a coding that nobody asked for.
    """
    coding = coding.lower()
    if coding in ("", "identity"):
        return None
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise errors.undecodable(f"{coding} was not asked for")
    return Decoder()


class Decoder:
    """Decodes one body, which comes in pieces.

    Raises:
        ResponseFormatError: it is not in the coding that its head promises.
    """

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(_EITHER)
        self._is_begun = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Decode a piece."""
        while chunk:
            self._is_begun = True
            try:
                data = self._inner.decompress(chunk)
            except zlib.error as error:
                raise errors.undecodable(str(error)) from error
            if data:
                yield data
            if chunk := self._inner.unused_data:  # a member follows
                self._inner = zlib.decompressobj(_EITHER)

    def end(self) -> None:
        """Check that the body was whole."""
        if self._is_begun and not self._inner.eof:
            raise errors.undecodable("it ends before its end")
