#!/usr/bin/env python3
"""Makes edits for the quality bench from two releases of a project.

    releases.py OLD NEW FOLDER/NAME

OLD and NEW are folders with the releases' sources, as the languages' own clients unpack them (`pip download --no-binary
:all:`, `cargo vendor`, `npm pack`). Writes FOLDER/NAME.jsonl.gz and FOLDER/NAME.snapshot.tar.gz; what they hold, and what
is done with them, is told in `edits.rs` and `quality.md`. The same input gives the same edits.
"""

import difflib
import gzip
import json
import pathlib
import random
import sys
import tarfile

KINDS = {".py", ".rs", ".js", ".ts", ".mjs", ".cjs", ".svelte", ".rst", ".md", ".toml", ".cfg", ".txt", ".json"}
# Change logs tell of the change itself, and built files are nobody's typing.
LEFT_OUT = ("change", "history", "dist/", ".min.", "package.json")

# A longer run is a rewrite, a longer new file a move; a few files must not outweigh the others.
MAX_RUN, MAX_NEW_FILE, MAX_FILE, MAX_RUNS, MAX_PROJECT = 60, 120, 250, 12, 2500


def texts(folder):
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file() and path.stat().st_size < 400_000:
            try:
                found[path.relative_to(folder).as_posix()] = path.read_bytes().decode()
            except UnicodeDecodeError:
                pass
    return found


def lines(text):
    found = text.split("\n")
    return found[:-1] if found[-1] == "" else found


def n_added(hunks):
    return sum(hunk["new"][1] - hunk["new"][0] for hunk in hunks)


def edit(path, before, after):
    """What changed in one file; `None` when that is nothing to learn from."""
    old, new = lines(before), lines(after)
    if before == after or not before and len(new) > MAX_NEW_FILE:
        return None
    changes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    hunks = [{"old": [i, j], "new": [k, l]} for what, i, j, k, l in changes
             if what in ("insert", "replace") and l - k <= MAX_RUN]
    if n_added(hunks) > MAX_FILE:
        hunks = random.sample(hunks, min(len(hunks), MAX_RUNS))
    return {"path": path, "before": before, "after": after, "hunks": hunks} if hunks else None


def main():
    old_folder, new_folder, out = sys.argv[1:]
    random.seed(pathlib.Path(out).name)
    old, new = texts(old_folder), texts(new_folder)
    paths = [path for path in new
             if pathlib.PurePath(path).suffix in KINDS and not any(part in path.lower() for part in LEFT_OUT)]
    edits = [made for path in paths if (made := edit(path, old.get(path, ""), new[path]))]
    while sum(n_added(made["hunks"]) for made in edits) > MAX_PROJECT:
        edits.pop(random.randrange(len(edits)))

    with gzip.open(out + ".jsonl.gz", "wt", encoding="utf-8") as file:
        for made in edits:
            file.write(json.dumps(made) + "\n")
    with tarfile.open(out + ".snapshot.tar.gz", "w:gz") as archive:
        for path in old:
            archive.add(pathlib.Path(old_folder, path), path)
    print(f"{out}: {len(edits)} files, {sum(n_added(made['hunks']) for made in edits)} added lines")


main()
