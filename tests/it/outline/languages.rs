//! The outline files, language by language: their definitions, imports and typed variables.

use super::check;

#[test]
fn an_outline_of_rust() {
    check(
        "rust",
        r#"
        value EVERY: pub const EVERY: u64 = 60;
        type Feed: pub struct Feed<'a, T> { pub name: &'a str, clock: Arc<Mutex<Clock>>, last: Option<Box<dyn Item>>, extra: T, }
        type Error: pub enum Error { Late { by: u64 }, Gone, }
        type Read: pub trait Read
        type Read.Item: type Item;
        function Read.read: fn read(&mut self, limit: usize) -> Result<Self::Item, Error>;
        type Feed.Item: type Item = T;
        function Feed.read: fn read(&mut self, limit: usize) -> Result<T, Error>
        function Url.fmt: fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result
        macro feed: macro_rules! feed { ($name:expr) =>
        module tests: mod tests
        function tests.reads: async fn reads()
        import HashMap: use std::collections::{HashMap, hash_map::Entry};
        import Entry: use std::collections::{HashMap, hash_map::Entry};
        import fmt: use std::fmt::{self, Display as Show};
        import Show (Display): use std::fmt::{self, Display as Show};
        import *: use crate::net::*;
        import codec (serde): use serde as codec;
        import clock: mod clock;
        import *: use super::*;
        local clock: Clock
        local last: Item
        local extra: T
        local clock: Clock
        local reader: Reader
        local line: Line
        local f: Formatter
        "#,
    );
}

#[test]
fn an_outline_of_python() {
    check(
        "python",
        r#"
        value EVERY: EVERY: int = 60
        value log: log = logging.getLogger(__name__)
        type Entry: @dataclass class Entry:
        value Entry.title: title: str
        value Entry.url: url: Url | None = None
        type Feed: class Feed(Base, metaclass=Meta):
        value Feed.kind: kind = "rss"
        function Feed.__init__: def __init__(self, name: str, client: Client):
        value Feed.name: self.name = name
        value Feed.client: self.client = client
        value Feed.cache: self.cache: dict[str, Entry] = {}
        value Feed.clock: self.clock = Clock(name)
        function Feed.due: @property def due(self) -> bool:
        function Feed.read: async def read( self, limit: int = 10, *, since: Optional[Clock] = None, ) -> list[Entry]:
        function read.keep: def keep(entry: "Entry"):
        function by_name: def by_name(feeds: Iterable[Feed], *args: Feed, **kwargs):
        import path: import os.path
        import np (numpy): import numpy as np
        import dataclass: from dataclasses import dataclass, field as make_field
        import make_field (field): from dataclasses import dataclass, field as make_field
        import *: from .clock import *
        import Client: from feeds.net import ( Client, Url, )
        import Url: from feeds.net import ( Client, Url, )
        local url: Url
        local client: Client
        local clock: Clock
        local since: Clock
        local parser: Parser
        local entries: Entry
        local entry: Entry
        local feeds: Feed
        "#,
    );
}

#[test]
fn an_outline_of_typescript() {
    check(
        "typescript",
        r#"
        value EVERY: export const EVERY: number = 60;
        value cache: const cache: Map<string, Entry> = new Map();
        type Options: export interface Options<T> { limit?: number; parse(text: string): Promise<T>; }
        type State: export type State = "due" | "late";
        type Level: enum Level { Low, High = 2, }
        type Feed: export class Feed<T> extends Source implements Reader<T>
        value Feed.entries: private entries: Entry[] = []
        value Feed.kind: static readonly kind = "rss"
        value Feed.clock: clock = new Clock()
        function Feed.constructor: constructor(private readonly client: net.Client, name: string)
        value Feed.client: private readonly client: net.Client
        function Feed.due: get due(): boolean
        function Feed.read: public async read( limit: number, options?: Options<T>, ): Promise<T[]>
        function Feed.keep: private keep(entry: Readonly<Entry> | undefined): void
        type Source: export abstract class Source
        function Source.open: abstract open(): void
        function open: export default async function open(name: string): Promise<Feed<Entry>>
        function byName: export const byName = (feeds: Feed<Entry>[]): Map<string, Feed<Entry>> =>
        function retry: function retry(n: number): void;
        module wire: export namespace wire
        function wire.send: export function send(entry: Entry)
        import React: import React, { useState, type FC as Component } from "react";
        import useState: import React, { useState, type FC as Component } from "react";
        import Component (FC): import React, { useState, type FC as Component } from "react";
        import net: import * as net from "./lib/net";
        import Entry: import type { Entry } from "./entry";
        import fs: import fs = require("fs");
        local cache: Map
        local entries: Entry
        local clock: Clock
        local client: Client
        local options: Options
        local parser: Parser
        local feed: Feed
        local entry: Entry
        local feeds: Feed
        local entry: Entry
        "#,
    );
}

#[test]
fn an_outline_of_typescript_with_jsx() {
    check(
        "typescriptreact",
        r#"
        type Props: interface Props { feed: Feed; children?: ReactNode; }
        function FeedList: export const FeedList: FC<Props> = ({ feed, children }: Props) =>
        function FeedList.toggle: const toggle = () =>
        function App: export default function App()
        import useState: import { useState, type ReactNode } from "react";
        import ReactNode: import { useState, type ReactNode } from "react";
        import Feed: import { Feed } from "./feed";
        local feed: Feed
        local children: ReactNode
        local FeedList: FC
        local feed: Feed
        "#,
    );
}

#[test]
fn an_outline_of_javascript() {
    check(
        "javascript",
        r#"
        value EVERY: export const EVERY = 60;
        value started: started = false
        value stopped: stopped = false
        type Feed: export class Feed extends Source
        value Feed.kind: static kind = "rss"
        value Feed.#entries: #entries = []
        value Feed.clock: clock = new Clock()
        function Feed.onRead: onRead = async (entry) =>
        function Feed.constructor: constructor(name, client)
        value Feed.client: this.client = new net.Client();
        function Feed.due: get due()
        function Feed.read: async *read(limit = 10)
        function read.keep: const keep = (entry) =>
        function open: export default function open(name, { limit })
        function byName: const byName = (feeds) =>
        value api: export const api = { list: async (limit) => [], close() {}, };
        function api.list: list: async (limit) =>
        function api.close: close()
        function Feed.close: Feed.prototype.close = function (force)
        function retry: module.exports.retry = (n) =>
        import fs: import fs, { readFile as read } from "node:fs";
        import read (readFile): import fs, { readFile as read } from "node:fs";
        import net: import * as net from "./lib/net.js";
        import parse: const { parse, format: toText } = require("./parser");
        import toText (format): const { parse, format: toText } = require("./parser");
        import path: const path = require("path");
        local clock: Clock
        local client: Client
        local parser: Parser
        "#,
    );
}

#[test]
fn an_outline_of_go() {
    check(
        "go",
        r#"
        value Every: const Every = 60
        value Idle: Idle State = iota
        value Busy: Busy
        value ErrLate: var ErrLate = errors.New("late")
        type State: type State int
        type Feed: type Feed struct { Name   string client *http.Client last   []Entry }
        type Reader: Reader[T any] interface { Read(limit int) (T, error) }
        type Names: Names = map[string]*Feed
        function New: func New(name string, client *http.Client) *Feed
        function Feed.Due: func (f *Feed) Due(now, last time.Time) (late bool, err error)
        function Stack.Push: func (s Stack[T]) Push(items ...T)
        import fmt: "fmt"
        import http: "net/http"
        import yaml: yaml "gopkg.in/yaml.v3"
        import clock: "example.org/clock/v2"
        local client: Client
        local last: Entry
        local client: Client
        local entry: Entry
        local parser: Parser
        local clock: Clock
        local f: Feed
        local now: Time
        local last: Time
        local state: State
        local s: Stack
        local items: T
        "#,
    );
}

#[test]
fn an_outline_of_java() {
    check(
        "java",
        r#"
        type Feed: public class Feed<T extends Entry> extends Source implements Reader<T>
        value Feed.EVERY: public static final int EVERY = 60;
        value Feed.client: private final Client client;
        value Feed.entries: private List<T> entries = new ArrayList<>();
        function Feed.Feed: public Feed(String name, Client client)
        function Feed.read: public Optional<T> read(int limit) throws IOException
        function Feed.isDue: protected abstract boolean isDue(Instant... times);
        type Reader: interface Reader<T>
        function Reader.read: Optional<T> read(int limit) throws IOException;
        function Reader.close: default void close()
        type Level: enum Level { LOW, HIGH }
        type State: enum State
        value State.DUE: DUE(1)
        value State.LATE: LATE(2)
        value State.code: private final int code;
        function State.State: State(int code)
        type Entry: record Entry(String title, Url url)
        function Entry.empty: static Entry empty()
        import List: import java.util.List;
        import *: import java.util.concurrent.*;
        import now: import static org.example.Clock.now;
        local client: Client
        local entries: T
        local client: Client
        local parser: Parser
        local entry: Entry
        local stream: Stream
        local late: LateException
        local times: Instant
        local url: Url
        "#,
    );
}

#[test]
fn an_outline_of_c() {
    check(
        "c",
        r#"
        macro FEED_EVERY: #define FEED_EVERY 60
        macro FEED_LATE: #define FEED_LATE(feed, now)
        type feed: struct feed { const char *name; struct client *client; entry_t entries[8]; }
        type clock_t: typedef struct clock { long ticks; } clock_t;
        type clock_t.clock: struct clock { long ticks; }
        type feed: typedef struct feed feed;
        type feed_state: typedef enum { FEED_DUE, FEED_GONE = 2 } feed_state;
        value feed_state.FEED_DUE: FEED_DUE
        value feed_state.FEED_GONE: FEED_GONE = 2
        type feed_read: typedef int (*feed_read)(feed *self, size_t limit);
        type level: enum level { LOW, HIGH }
        value level.LOW: LOW
        value level.HIGH: HIGH
        type value: union value { int number; char *text; }
        value feeds: extern struct feed *feeds[16];
        value limits: static const int limits[] = { 1, 2, 3 };
        function feed_open: struct feed *feed_open(const char *name, client_t *client);
        function feed_due: static bool feed_due(const feed *self, clock_t now)
        function feed_names: char **feed_names(void)
        import stdio: #include <stdio.h>
        import clock: #include "lib/clock.h"
        local client: client
        local entries: entry_t
        local self: feed
        local client: client_t
        local self: feed
        local now: clock_t
        local state: feed_state
        local entry: entry
        "#,
    );
}

#[test]
fn an_outline_of_cpp() {
    check(
        "cpp",
        r#"
        type Names: using Names = std::vector<string>;
        module net: namespace feeds::net
        value net.kEvery: constexpr int kEvery = 60;
        type net.Entry: struct Entry { string title; Url *url = nullptr; }
        type net.Level: enum class Level { Low, High }
        value Level.Low: Low
        value Level.High: High
        type net.Feed: template <typename T> class Feed : public Source
        function Feed.Feed: explicit Feed(string name, Client &client);
        function Feed.~Feed: ~Feed() override;
        function Feed.Feed: Feed(const Feed &) = delete;
        function Feed.due: bool due(Clock now) const
        function Feed.read: virtual std::unique_ptr<T> read(size_t limit) = 0;
        function Feed.operator+=: Feed &operator+=(const Entry &entry);
        value Feed.client_: std::shared_ptr<Client> client_;
        value Feed.entries_: std::vector<Entry> entries_;
        value Feed.count: static int count;
        function net.smallest: template <typename T> T smallest(const std::vector<T> &values)
        function Feed.open: bool Feed::open(const string &path)
        function Line.url: net::Url *Cache::Line::url()
        import memory: #include <memory>
        import clock: #include "lib/clock.hpp"
        import string: using std::string;
        local url: Url
        local client: Client
        local now: Clock
        local entry: Entry
        local client_: Client
        local entries_: Entry
        local values: T
        local parser: Parser
        local clock: Clock
        local entry: Entry
        local one: Entry
        "#,
    );
}

#[test]
fn an_outline_of_csharp() {
    check(
        "csharp",
        r#"
        module Feeds: namespace Example.Feeds
        type Feeds.Level: public enum Level { Low, High }
        type Feeds.IReader: public interface IReader<T>
        function IReader.ReadAsync: Task<T> ReadAsync(int limit, CancellationToken token = default);
        value IReader.Due: bool Due
        type Feeds.Entry: public record Entry(string Title, Uri Url);
        type Feeds.Changed: public delegate void Changed(Feed feed);
        type Feeds.Feed: public class Feed<T> : Source, IReader<T> where T : class
        value Feed.Every: public const int Every = 60;
        value Feed._client: private readonly Client _client = new();
        value Feed.entries: private List<Entry> entries;
        value Feed.OnChanged: public event Changed OnChanged;
        value Feed.Name: public string Name
        value Feed.Due: public bool Due
        function Feed.Feed: public Feed(Client client, Clock? clock) : base(client)
        function Feed.ReadAsync: public async Task<T> ReadAsync(int limit, CancellationToken token)
        function ReadAsync.Keep: void Keep(Entry kept)
        type Feeds.Point: struct Point
        value Point.X: public int X;
        import System: using System;
        import Generic: using System.Collections.Generic;
        import Math: using static System.Math;
        import Json (JsonConvert): using Json = Newtonsoft.Json.JsonConvert;
        local token: CancellationToken
        local Url: Uri
        local feed: Feed
        local _client: Client
        local entries: Entry
        local OnChanged: Changed
        local client: Client
        local clock: Clock
        local token: CancellationToken
        local parser: Parser
        local entry: Entry
        local late: Late
        local kept: Entry
        "#,
    );
}

#[test]
fn an_outline_of_ruby() {
    check(
        "ruby",
        r#"
        module Feeds: module Feeds
        value Feeds.EVERY: EVERY = 60
        type Feeds.Feed: class Feed < Source
        value Feed.name: attr_reader :name, :url
        value Feed.url: attr_reader :name, :url
        value Feed.KINDS: KINDS = %w[rss atom].freeze
        function Feed.initialize: def initialize(name, client: Client.new, **options)
        value Feed.@client: @client = client
        value Feed.@clock: @clock = Feeds::Clock.new(name)
        function Feed.due?: def due?(now = Time.now)
        function Feed.open: def self.open(path)
        function Feed.<=>: def <=>(other) =
        function Feed.close: def close
        type Feeds.Error: class Error < StandardError;
        function by_name: def by_name(feeds)
        import json: require "json"
        import clock: require_relative "lib/clock"
        import Comparable: include Comparable
        local @clock: Clock
        local parser: Parser
        "#,
    );
}

#[test]
fn an_outline_of_php() {
    check(
        "php",
        r#"
        value EVERY: const EVERY = 60;
        value LATE: define('LATE', 90);
        type Reader: interface Reader
        function Reader.read: public function read(int $limit): ?Entry;
        type Feed: final class Feed extends Source implements Reader
        value Feed.KIND: public const KIND = 'rss';
        value Feed.entries: private array $entries = [];
        value Feed.clock: protected ?Clock $clock;
        function Feed.__construct: public function __construct( private readonly Client $client, string $name = '', )
        value Feed.client: private readonly Client $client
        function Feed.read: public function read(int $limit): ?Entry
        function Feed.open: public static function open(string $path): static
        type State: enum State: string { case Due = 'due'; case Late = 'late'; }
        type Logs: trait Logs
        function Logs.log: protected function log(string $text): void
        function by_name: function by_name(Feed ...$feeds): array
        import Client: use App\Net\Client;
        import Entry: use App\Models\{Entry, Url as Link};
        import Link (Url): use App\Models\{Entry, Url as Link};
        import clock: use function App\clock;
        import legacy: require_once __DIR__ . '/lib/legacy.php';
        local clock: Clock
        local client: Client
        local clock: Clock
        local parser: Parser
        local feeds: Feed
        "#,
    );
}
