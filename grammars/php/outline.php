<?php

namespace App\Feeds;

use App\Net\Client;
use App\Models\{Entry, Url as Link};
use function App\clock;

require_once __DIR__ . '/lib/legacy.php';

const EVERY = 60;
define('LATE', 90);

interface Reader
{
    /** Reads. */
    public function read(int $limit): ?Entry;
}

/** A feed, by its name. */
#[Service]
final class Feed extends Source implements Reader
{
    use Logs;

    public const KIND = 'rss';
    private array $entries = [];
    protected ?Clock $clock;

    // Opens it.
    public function __construct(
        private readonly Client $client, // shared
        string $name = '',
    ) {
        $this->clock = new Clock($name);
    }

    #[Override]
    public function read(int $limit): ?Entry
    {
        $parser = new Net\Parser($limit);
        return $parser->next();
    }

    public static function open(string $path): static
    {
        return new static($path);
    }
}

enum State: string
{
    case Due = 'due';
    case Late = 'late';
}

trait Logs
{
    protected function log(string $text): void {}
}

function by_name(Feed ...$feeds): array
{
    return [];
}
