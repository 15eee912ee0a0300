"""The sandbox's voice: a tenth of a second of a tone."""

from __future__ import annotations

import io
import math
import wave
from functools import cache

from jackfield import AudioOutput

FORMATS = ("wav", "pcm16")
_RATE = 24_000


@cache
def _frames() -> bytes:
    wanted = (int(6000 * math.sin(2 * math.pi * 440 * number / _RATE)) for number in range(_RATE // 10))
    return b"".join(value.to_bytes(2, "little", signed=True) for value in wanted)


@cache
def _wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(_frames())
    return file.getvalue()


def spoken(asked: AudioOutput | None) -> tuple[bytes, str]:
    """Return sound and its media type: bare samples where pcm16 is asked for, WAV for everything else."""
    if asked is not None and asked.format == "pcm16":
        return _frames(), "audio/pcm"
    return _wav(), "audio/wav"
