"""Frames of Amazon's binary event stream: lengths and headers, payload, and two checksums."""

import json
import struct
import zlib
from typing import Any

__all__ = ["Frame", "frames"]

Frame = tuple[dict[str, str], Any]
_TEXT = 7


def frames(data: bytes) -> list[Frame]:
    """Return the text headers and the JSON payload of each frame; ValueError where the bytes are no such stream."""
    found = []
    while data:
        if len(data) < 16:
            raise ValueError("a frame is cut off")
        total, long, prelude = struct.unpack(">III", data[:12])
        if zlib.crc32(data[:8]) != prelude:
            raise ValueError("the checksum of a frame's lengths is wrong")
        frame, data = data[:total], data[total:]
        if len(frame) < total or zlib.crc32(frame[:-4]) != struct.unpack(">I", frame[-4:])[0]:
            raise ValueError("a frame is cut off, or its checksum is wrong")
        payload = frame[12 + long : -4]
        found.append((_headers(frame[12 : 12 + long]), json.loads(payload) if payload else {}))
    return found


def _headers(data: bytes) -> dict[str, str]:
    found = {}
    while data:
        end = 1 + data[0]
        name, kind = data[1:end].decode(), data[end]
        if kind != _TEXT:
            raise ValueError(f"header {name} has type {kind}; Converse sends only text")
        (size,) = struct.unpack(">H", data[end + 1 : end + 3])
        found[name] = data[end + 3 : end + 3 + size].decode()
        data = data[end + 3 + size :]
    return found
