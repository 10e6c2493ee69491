import fs, { readFile as read } from "node:fs";
import * as net from "./lib/net.js";
const { parse, format: toText } = require("./parser");
const path = require("path");

/** Seconds. */
export const EVERY = 60;
let started = false, stopped = false;

/** A feed. */
export class Feed extends Source {
    static kind = "rss";
    #entries = [];
    clock = new Clock();
    onRead = async (entry) => {
        this.#entries.push(entry);
    };

    constructor(name, client /* shared */) {
        super(name);
        // By name.
        this.client = new net.Client();
    }

    get due() {
        return this.clock.now() > EVERY;
    }

    async *read(limit = 10) {
        const parser = new Parser(limit);
        const keep = (entry) => parser.keep(entry);
    }
}

export default function open(name, { limit }) {
    return new Feed(name);
}

const byName = (feeds) => new Map(feeds.map((feed) => [feed.name, feed]));

export const api = {
    list: async (limit) => [],
    close() {},
};

Feed.prototype.close = function (force) {};
module.exports.retry = (n) => n + 1;
