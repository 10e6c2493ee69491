"""Reads feeds."""

from __future__ import annotations

import os.path
import numpy as np
from dataclasses import dataclass, field as make_field
from .clock import *
from feeds.net import (
    Client,
    Url,
)

EVERY: int = 60
log = logging.getLogger(__name__)


@dataclass
class Entry:
    title: str
    url: Url | None = None


class Feed(Base, metaclass=Meta):
    """A feed, by its name."""

    kind = "rss"

    def __init__(self, name: str, client: Client):
        # Shared.
        self.name = name
        self.client = client
        self.cache: dict[str, Entry] = {}
        self.clock = Clock(name)

    @property
    def due(self) -> bool:
        late = self.clock.now()
        return late > EVERY

    async def read(
        self,
        limit: int = 10,  # entries
        *,
        since: Optional[Clock] = None,
    ) -> list[Entry]:
        parser = net.Parser(limit)
        entries: list[Entry] = []

        def keep(entry: "Entry"):
            return entry

        return entries


def by_name(feeds: Iterable[Feed], *args: Feed, **kwargs):
    return {feed.name: feed for feed in feeds}
