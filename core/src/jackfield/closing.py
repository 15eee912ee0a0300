"""What is closed when its `with` block is left: clients, streams and fan-outs, each in its colour."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self


class Closing:
    """Closes where a `with` block ends."""

    if TYPE_CHECKING:  # each class has its own

        def close(self) -> None:
            """Give back what is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClosing:
    """Closes where an `async with` block ends."""

    if TYPE_CHECKING:  # each class has its own

        async def close(self) -> None:
            """Give back what is held."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
