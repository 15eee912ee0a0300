"""Citations: annotations of a text, both ways."""

from __future__ import annotations

from typing import Any, Final

from jackfield import Citation

_KINDS: Final = ("url_citation", "file_citation", "container_file_citation", "file_path")


def citation(note: Any) -> Citation:
    """Normalize an annotation: a place on the web, or in a file."""
    if not isinstance(note, dict):
        return Citation(raw=note)
    words = {name: value for name in ("url", "title") if isinstance(value := note.get(name), str)}
    if "title" not in words and isinstance(filename := note.get("filename"), str):
        words["title"] = filename
    places = {name: value for name in ("start", "end") if type(value := note.get(f"{name}_index")) is int}
    return Citation(**words, **places, raw=note)


def annotation(note: Citation) -> dict[str, Any] | None:
    """Write a citation; None for one that names neither a place of this format nor an address."""
    raw = note.raw
    # chat completions have a `url_citation` too, whose members stand in an object of that name
    if isinstance(raw, dict) and (kind := raw.get("type")) in _KINDS and not isinstance(raw.get(kind), dict):
        return raw
    if note.url is None:
        return None
    place = {"start_index": note.start or 0, "end_index": note.end or 0}
    return {"type": "url_citation", "url": note.url, "title": note.title or "", **place}
