<p>It's a feed.§k</p>
<?php

namespace Feeds;

use Feeds\Entry;

/** A feed,§c by its name. */
final class Feed
{
    public function __construct(private string $name) {} // what it is called§c

    #[Pure]
    public function due(int $now): ?string
    {
        $late = $now % 60; # seconds§c
        foreach ($this->entries as $entry) §({
            echo 'it\'s§s ' . $entry->name;
            $label = "late: {$entry->§kname}§s min";§k
            $entry->read();§b
        }§)
        return match (true) {
            $late === 0 => $label,
            default => null,
        };
    }
}
