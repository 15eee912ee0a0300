"""What is closed when its `with` block is left: clients, streams and fan-outs, each in its colour."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Closing:
    """Closes where a `with` block ends."""

    def close(self) -> None:
        """Give back what is held."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClosing:
    """Closes where an `async with` block ends."""

    async def close(self) -> None:
        """Give back what is held."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
