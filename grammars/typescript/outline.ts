import React, { useState, type FC as Component } from "react";
import * as net from "./lib/net";
import type { Entry } from "./entry";
import fs = require("fs");

export const EVERY: number = 60;
const cache: Map<string, Entry> = new Map();

export interface Options<T> {
    /** At most. */
    limit?: number;
    parse(text: string): Promise<T>;
}

export type State = "due" | "late";

enum Level {
    Low,
    High = 2,
}

/** A feed, by its name. */
@Injectable({ providedIn: "root" })
export class Feed<T> extends Source implements Reader<T> {
    private entries: Entry[] = [];
    static readonly kind = "rss";
    clock = new Clock();

    constructor(private readonly client: net.Client, name: string) {
        super(name);
    }

    @Input() get due(): boolean {
        return true;
    }

    public async read(
        limit: number, // entries
        options?: Options<T>,
    ): Promise<T[]> {
        const parser = new Parser<T>(limit);
        const feed = parser.next() as Feed<T>;
        return [];
    }

    private keep(entry: Readonly<Entry> | undefined): void;
}

export abstract class Source {
    abstract open(): void;
}

export default async function open(name: string): Promise<Feed<Entry>> {
    return new Feed(name);
}

export const byName = (feeds: Feed<Entry>[]): Map<string, Feed<Entry>> => new Map();

declare function retry(n: number): void;

export namespace wire {
    export function send(entry: Entry) {}
}
