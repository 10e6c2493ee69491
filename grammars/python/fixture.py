"""Reads feeds.§s"""
import re

# A feed, by its name.§c
NAME = re.compile(r"^(?P<name>\w+)§s$")


class Feed:
    def __init__(self, name, every=60):
        self.name = name  # what it is called§c
        self.every = every§k

    def due(self, now):
        if now % self.every == 0:
            §(late = 0
            label = f"late: {now §k- late:>5}§s min"§k
            print(label, 'it§s')§b
            return True§)
        return False
