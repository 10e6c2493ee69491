"""How fast completions come while two real agents work, and while none does: typing in two sessions of the release server,
lines with the agents and lines without, in turns, and each line once so and once so. Prints one table.

run --latency starts it. The model of the agents answers at once, so they work as hard as they can; in the turns without
them they are stopped in their tracks. The engine on this machine is measured where FORETYPE_MODELS has it.
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from model import Model
from scene import ENTRIES, FILE, FORETYPE, NEW, OLD, Scene

ROOT = Path(__file__).resolve().parents[2]
MODEL = "qwen2.5-coder-0.5b"

# Typed anew, letter by letter, into a project that does not have it.
TYPED = ROOT / "src/agent/session.rs"
FIRST_LINE, N_LINES = 120, 44

# From one key to the next, if the answer has come by then.
KEYSTROKE_S = 0.08
# Not measured: after a turn's begin, until the machine does what it is to do in that turn.
SETTLE_S = 0.3


class Client:
    """An editor, as far as it types."""

    def __init__(self, scene, options):
        self.process = subprocess.Popen([FORETYPE, "lsp"], cwd=scene.project, env=scene.environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.answers, self.n_requests, self.lock = {}, 0, threading.Lock()
        threading.Thread(target=self.read, daemon=True).start()
        self.ask("initialize", {
            "rootUri": scene.project.as_uri(),
            "capabilities": {"general": {"positionEncodings": ["utf-8"]}, "textDocument": {"inlineCompletion": {}}},
            "initializationOptions": options,
        })
        self.send({"method": "initialized", "params": {}})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        with self.lock:
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self.process.stdin.flush()

    def ask(self, method, params):
        self.n_requests += 1
        answer = self.answers[self.n_requests] = queue.Queue()
        self.send({"id": self.n_requests, "method": method, "params": params})
        message = answer.get(timeout=60)
        assert "error" not in message, message
        return message["result"]

    def read(self):
        stream = self.process.stdout
        while length := stream.readline():
            stream.readline()
            message = json.loads(stream.read(int(length.split(b":")[1])))
            if "method" not in message:
                self.answers.pop(message["id"]).put(message)
            elif "id" in message:
                self.send({"id": message["id"], "result": None})

    def command(self, command, argument):
        return self.ask("workspace/executeCommand", {"command": command, "arguments": [argument]})


class Agents:
    """Two of them, which work in the turns that are theirs, and are stopped in their tracks in between."""

    def __init__(self, client, scene):
        self.client, self.scene = client, scene

    def rows(self):
        return self.client.command("foretype.agent.list", {})

    def work(self):
        """Returns when both do. Agents end who has read on for long enough; then the next of its kind begins."""
        self.signal(signal.SIGCONT)
        running = {row["agent"] for row in self.rows() if row["ended"] is None}
        for agent in ENTRIES.keys() - running:
            self.client.command("foretype.agent.start", {"agent": agent, "instruction": "Read."})
        until = time.monotonic() + 60
        while sum(row["ended"] is None and (row["requests"] or 0) > 2 for row in self.rows()) < len(ENTRIES):
            assert time.monotonic() < until, self.rows()
            time.sleep(0.1)

    def rest(self):
        self.signal(signal.SIGSTOP)

    def n_requests(self):
        return sum(row["requests"] or 0 for row in self.rows())

    def signal(self, number):
        """To all that carry their marks, whichever group they are in."""
        marks = {b"FORETYPE_HANDOFF=%s" % hand_off["mark"].encode() for hand_off in self.scene.list()}
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if marks & set(environ.read_bytes().split(b"\0")):
                    os.kill(int(environ.parent.name), number)
            except OSError:
                pass


def measure(name, options):
    """Other lines take another time, so that in the second session the turns are the other way round."""
    times = {True: [], False: []}
    n_asked = {True: 0, False: 0}
    for turns in ((1, 2), (3, 0)):
        type_with_and_without(begin(), options, turns, times, n_asked)
    assert n_asked[True] > 10 * max(1, n_asked[False]), "the agents did not work when they should: %s" % n_asked
    quiet, busy = ([took for took, _ in times[is_with]] for is_with in (False, True))
    shown = [sum(is_shown for _, is_shown in times[is_with]) for is_with in (False, True)]
    ratios = [at(busy, share) / at(quiet, share) for share in (0.5, 0.95)]
    print("| %s | %.1f | %.1f | %.1f | %.1f | %.2fx | %.2fx | %d, %d | %d |" % (
        name, at(quiet, 0.5), at(quiet, 0.95), at(busy, 0.5), at(busy, 0.95), *ratios, *shown, n_asked[True]), flush=True)


def at(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def type_with_and_without(scene, options, turns, times, n_asked):
    """With the agents are the lines of `turns`, of each four."""
    client = Client(scene, options)
    lines = TYPED.read_text().split("\n")
    before, typed = lines[:FIRST_LINE], lines[FIRST_LINE:FIRST_LINE + N_LINES]
    uri = (scene.project / "src/typed.rs").as_uri()
    text = "\n".join(before + ["", "}"])
    client.send({"method": "textDocument/didOpen", "params": {
        "textDocument": {"uri": uri, "languageId": "rust", "version": 1, "text": text}}})
    version, row, column = 1, len(before), 0

    def key(letter):
        nonlocal version, row, column
        version += 1
        at = {"line": row, "character": column}
        client.send({"method": "textDocument/didChange", "params": {
            "textDocument": {"uri": uri, "version": version},
            "contentChanges": [{"range": {"start": at, "end": at}, "text": letter}]}})
        row, column = (row + 1, 0) if letter == "\n" else (row, column + 1)
        started = time.perf_counter()
        answer = client.ask("textDocument/inlineCompletion", {
            "textDocument": {"uri": uri}, "position": {"line": row, "character": column},
            "context": {"triggerKind": 2}})
        took = time.perf_counter() - started
        time.sleep(max(0, KEYSTROKE_S - took))
        return took * 1000, bool(answer["items"])

    def line(text):
        indent = len(text) - len(text.lstrip())
        for letter in text[:indent]:
            key(letter)
        return [key(letter) for letter in text[indent:] + "\n"]

    # What is read at first is of no turn.
    for text in typed[:4]:
        line(text)
    agents = Agents(client, scene)
    for i, text in enumerate(typed[4:]):
        is_with = i % 4 in turns
        agents.work() if is_with else agents.rest()
        time.sleep(SETTLE_S)
        asked = agents.n_requests()
        times[is_with] += line(text)
        n_asked[is_with] += agents.n_requests() - asked
    agents.signal(signal.SIGCONT)
    client.process.stdin.close()
    client.process.wait(20)


class Elsewhere:
    """The model of the agents, in a process of its own: in life it is on another machine, here it has what nobody wants."""

    def __init__(self):
        (ours, theirs), (until, self.until) = os.pipe(), os.pipe()
        if os.fork() == 0:
            os.close(self.until)
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            model = Model(FILE, OLD, NEW, "true")
            model.scene = "loop"
            os.write(theirs, model.url.encode())
            # Until the end of who has made it.
            os.read(until, 1)
            os._exit(0)
        os.close(theirs)
        self.url = os.read(ours, 1000).decode()


def begin():
    scene = Scene(*ENTRIES, budget={"requests": 1000000, "tokens": 1000000000}, model=Elsewhere())
    scene.environment["FORETYPE_MODELS"] = os.environ.get("FORETYPE_MODELS", "")
    shutil.copytree(ROOT / "src", scene.project / "src", dirs_exist_ok=True)
    (scene.project / TYPED.relative_to(ROOT)).unlink()
    return scene


def main():
    print("From a key to the answer, in ms, of both turns together; must 1.5x at p95, goal 1.1x.\n")
    print("| engine | p50 alone | p95 alone | p50 with two agents | p95 | p50 ratio | p95 ratio | shown | the agents' requests |")
    print("|---|---|---|---|---|---|---|---|---|")
    measure("instant", {"local": {"enabled": False, "ask": False}})
    if not Path(os.environ.get("FORETYPE_MODELS", ""), MODEL + ".gguf").is_file():
        return print("\nskipped: %s not found in FORETYPE_MODELS" % MODEL)
    measure(MODEL, {"local": {"ask": False, "model": MODEL}})


main()
