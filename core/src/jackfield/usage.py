"""Usage: what a call consumed, as the provider stated it, and split into disjoint items that can be priced once each.

The one rule: `input_tokens` includes cached and written tokens, `output_tokens` includes reasoning. A count that the
provider did not state is None, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Tags = frozenset[str]


@dataclass(slots=True)
class Item:
    """A quantity that overlaps with no other of the same usage. `estimated`: an overlap had to be split by rule."""

    tags: Tags
    count: int
    unit: str = "token"
    estimated: bool = False


@dataclass(slots=True)
class Usage:
    """Stated counts by selector, inclusive: `input`, `output`, and sub-counts such as `input.cache_read`.

    Selectors are dotted tags: `input.cache_read`, `input.cache_write`, `input.cache_write.1h`, `input.audio`,
    `input.image`, `output.reasoning`, `output.audio`. `others` are quantities beside tokens (searches, requests),
    `facts` what the usage itself says of the service (tier, region), `stated_cost` a cost that the provider names.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    others: tuple[Item, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    stated_cost: str | None = None

    @property
    def input_tokens(self) -> int | None:
        """All input tokens, cached and written ones included."""
        return self.counts.get("input")

    @property
    def output_tokens(self) -> int | None:
        """All output tokens, reasoning included."""
        return self.counts.get("output")

    @property
    def cached_tokens(self) -> int | None:
        """Input tokens that were read from a cache."""
        return self.counts.get("input.cache_read")

    @property
    def cache_write_tokens(self) -> int | None:
        """Input tokens that were written to a cache, whatever their time to live."""
        return self.counts.get("input.cache_write")

    @property
    def reasoning_tokens(self) -> int | None:
        """Output tokens that were spent on thinking."""
        return self.counts.get("output.reasoning")

    @property
    def total_tokens(self) -> int | None:
        """The sum of input and output; None unless both are stated."""
        if (into := self.input_tokens) is None or (out := self.output_tokens) is None:
            return None
        return into + out

    @property
    def items(self) -> tuple[Item, ...]:
        """The same usage as disjoint items: the sum of all input items is `input_tokens`, likewise for output."""
        counts = self.counts
        subs = [name for name, count in counts.items() if count and "." in name]
        found = list(self.others)
        for parent, plain in _PARENTS:
            if total := counts.get(parent):
                found += _split(parent, total, {name: counts[name] for name in subs}) if subs else [Item(plain, total)]
        return tuple(found)


#: Sub-counts that say where tokens came from or went; a cached token has one of these kinds too.
_MODALITIES: Final = ("audio", "image", "video", "document")
_PARENTS: Final = (("input", frozenset({"input"})), ("output", frozenset({"output"})))
_KNOWN_TAGS: dict[str, Tags] = {}


def tags(selector: str) -> Tags:
    """Return the tags of a dotted selector."""
    if (known := _KNOWN_TAGS.get(selector)) is None:
        known = _KNOWN_TAGS[selector] = frozenset(selector.split(".")) if selector else frozenset()
    return known


def _split(parent: str, total: int, counts: Mapping[str, int]) -> list[Item]:
    """Split one parent into disjoint items. Cached tokens cover text first, then audio, image, video."""
    prefix = parent + "."
    subs = {name: count for name, count in counts.items() if name.startswith(prefix)}
    if not subs:
        return [Item(tags(parent), total)]
    for name in [name for name in subs if name.count(".") == 2]:
        outer = name.rpartition(".")[0]
        if outer in subs:
            subs[outer] -= min(subs[outer], subs[name])
    rest = total - sum(subs.values())
    moved: list[Item] = []
    if rest < 0 and (cached := f"{prefix}cache_read") in subs:
        for modality in _MODALITIES:
            name = prefix + modality
            both = min(-rest, subs.get(name, 0), subs[cached])
            if both > 0:
                subs[name] -= both
                subs[cached] -= both
                rest += both
                moved.append(Item(tags(f"{name}.cache_read"), both, estimated=True))
    if rest < 0:
        return [Item(tags(parent), total, estimated=True)]
    items = [Item(tags(name), count) for name, count in subs.items() if count]
    return ([Item(tags(parent), rest)] if rest else []) + items + moved
