"""Real agents against the scripted model, through `foretype agent`: work, review, apply, deny, cancel, outages, budgets.

drive.py FORETYPE AGENTS: the binary, and the folder that install has made. Nothing outside of this machine is asked.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from model import Model

FORETYPE, AGENTS = sys.argv[1], Path(sys.argv[2])
FILE = "src/lib.rs"
OLD, NEW = "todo!()", "a + b"
BEFORE = "pub fn add(a: u32, b: u32) -> u32 {\n    %s\n}\n" % OLD
AFTER = BEFORE.replace(OLD, NEW)
KEY = "key-of-nobody-0123456789"

# One price for both, in US dollars for a million tokens.
INPUT_USD, OUTPUT_USD = 3.0, 15.0


class Scene:
    """A home, a project and a model."""

    def __init__(self, agent, budget=None):
        self.place = tempfile.TemporaryDirectory(prefix="foretype-agents-")
        self.home = Path(self.place.name).resolve()
        self.project = self.home / "project"
        (self.project / "src").mkdir(parents=True)
        (self.project / FILE).write_text(BEFORE)
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost"]
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
            subprocess.run(git + command, cwd=self.project, check=True)
        self.model = Model(FILE, OLD, NEW, "touch made-by-the-agent")
        self.agent = agent
        settings = self.home / "config" / "foretype" / "config.toml"
        settings.parent.mkdir(parents=True)
        entry = {**ENTRIES[agent], "upstream": self.model.url, "input_usd": INPUT_USD, "output_usd": OUTPUT_USD}
        if budget:
            entry["budget"] = budget
        settings.write_text("[agents]\nstalled_after_s = 2\nuse = [%s]\n" % toml(entry))
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_STATE_HOME": str(self.home / "state"),
        }

    def command(self, *arguments):
        return [FORETYPE, "agent", *arguments]

    def start(self, scene):
        self.model.scene = scene
        self.model.reset()
        command = self.command("run", "--json", "--about", FILE, "Implement `add` in %s." % FILE)
        return subprocess.Popen(
            command, cwd=self.project, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, process, within=60):
        out, err = process.communicate(timeout=within)
        try:
            done = json.loads(out)
        except ValueError:
            raise AssertionError("no hand-off: %s\n%s" % (out, err)) from None
        done["said"] = err
        self.check_gone(done)
        # Whatever the agent does, the user's file is as it was.
        assert (self.project / FILE).read_text() == BEFORE, done
        assert not (self.project / "made-by-the-agent").exists(), done
        return done

    def run(self, scene):
        return self.end(self.start(scene))

    def ask(self, *arguments):
        done = subprocess.run(self.command(*arguments), cwd=self.project, env=self.environment,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def list(self):
        return json.loads(self.ask("list", "--all", "--json"))

    def wait(self, is_so, within=30):
        until = time.monotonic() + within
        while time.monotonic() < until:
            for hand_off in self.list():
                if is_so(hand_off):
                    return hand_off
            time.sleep(0.05)
        raise AssertionError("never came: %s" % json.dumps(self.list(), indent=2))

    def check_gone(self, hand_off):
        mark = ("FORETYPE_HANDOFF=%s" % hand_off["mark"]).encode()
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                assert mark not in environ.read_bytes(), "%s is left" % environ.parent
            except OSError:
                pass

    def copy(self, hand_off):
        return (Path(hand_off["snapshot"]["folder"]) / FILE).read_text()


def toml(value):
    if isinstance(value, dict):
        return "{ %s }" % ", ".join("%s = %s" % (name, toml(item)) for name, item in value.items())
    if isinstance(value, list):
        return "[%s]" % ", ".join(map(toml, value))
    # TOML's basic strings are JSON's.
    return json.dumps(value)


def opencode_settings():
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Scripted",
        "options": {"baseURL": "{url}", "apiKey": KEY},
        "models": {"scripted": {"name": "Scripted", "tool_call": True, "limit": {"context": 131072, "output": 4096}}},
    }
    return json.dumps({
        "autoupdate": False,
        "share": "disabled",
        "model": "scripted/scripted",
        "small_model": "scripted/scripted",
        "enabled_providers": ["scripted"],
        "provider": {"scripted": provider},
        "permission": {"edit": "ask", "bash": "ask", "webfetch": "deny"},
    })


ENTRIES = {
    "qwen": {
        "name": "qwen",
        "command": str(AGENTS / "qwen"),
        "args": ["--acp", "--auth-type", "openai"],
        "env": ["OPENAI_API_KEY=" + KEY, "OPENAI_MODEL=scripted"],
    },
    "opencode": {
        "name": "opencode",
        "command": str(AGENTS / "opencode"),
        "meter": "openai",
        "env": [
            "OPENCODE_DISABLE_MODELS_FETCH=1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD=1",
            "OPENCODE_DISABLE_DEFAULT_PLUGINS=1",
            "OPENCODE_CONFIG_CONTENT=" + opencode_settings(),
        ],
    },
}


def works_and_is_counted(agent):
    scene = Scene(agent)
    done = scene.run("edit")
    assert done["state"] == "review", done
    assert done["files"] == [FILE], done
    assert scene.copy(done) == AFTER
    usage, model = done["usage"], scene.model
    assert usage["source"] == "meter", usage
    assert usage["requests"] == model.asked, (usage, model.asked)
    assert [usage["input_tokens"], usage["output_tokens"]] == model.tokens, (usage, model.tokens)
    cost = round(model.tokens[0] * INPUT_USD + model.tokens[1] * OUTPUT_USD)
    # Each request is rounded by itself.
    assert abs(usage["cost_micro_usd"] - cost) <= model.asked, (usage, cost)
    assert model.keys == {"Bearer " + KEY}, model.keys
    costs = json.loads(subprocess.run([FORETYPE, "stats", "--cost", "--json"], env=scene.environment,
                                      capture_output=True, text=True, check=True).stdout)
    assert costs["agents"]["agents"][agent]["requests"] == model.asked, costs["agents"]
    assert "+    " + NEW in scene.ask("show", done["id"])
    log = scene.ask("log", done["id"])
    assert FILE in log and "I am done." in log and KEY not in log, log
    scene.ask("apply", done["id"])
    assert (scene.project / FILE).read_text() == AFTER
    assert scene.list()[0]["state"] == "applied"
    return "%d requests, %d tokens, counted exactly; applied" % (model.asked, sum(model.tokens))


def a_command_is_denied(agent):
    scene = Scene(agent)
    done = scene.run("execute")
    assert any(not made["is_allowed"] and "touch" in made["what"] for made in done["decisions"]), done
    assert not list(scene.home.glob("**/made-by-the-agent")), "it ran"
    return "%d decisions" % len(done["decisions"])


def a_cancel_leaves_nothing(agent):
    scene = Scene(agent)
    process = scene.start("hang")
    assert scene.model.waiting.wait(30), scene.list()
    running = scene.wait(lambda hand_off: hand_off["state"] in ("working", "stalled"))
    started = time.monotonic()
    scene.ask("cancel", running["id"])
    done = scene.end(process)
    took = time.monotonic() - started
    assert done["state"] == "cancelled", done
    assert took < 5, took
    return "cancel to no process %.2f s" % took


def silence_is_shown(agent):
    scene = Scene(agent)
    process = scene.start("hang")
    assert scene.model.waiting.wait(30)
    started = time.monotonic()
    stalled = scene.wait(lambda hand_off: hand_off["state"] == "stalled")
    took = time.monotonic() - started
    scene.ask("cancel", stalled["id"])
    scene.end(process)
    return "shown after %.1f s where 2 are set" % took


def an_outage_is_shown(agent):
    scene = Scene(agent)
    process = scene.start("503")
    started = time.monotonic()
    stalled = scene.wait(lambda hand_off: "503" in hand_off["reason"])
    took = time.monotonic() - started
    if stalled["state"] == "stalled":
        scene.ask("cancel", stalled["id"])
    scene.end(process)
    return "503 shown %.1f s after the start" % took


def a_refused_key_ends_it(agent):
    scene = Scene(agent)
    done = scene.run("401")
    assert done["state"] == "auth_required", done
    assert "refuses the key (401)" in done["reason"], done
    return "%d requests" % scene.model.asked


def a_budget_ends_it(agent):
    scene = Scene(agent, budget={"requests": 4})
    done = scene.run("loop")
    assert done["state"] == "over_budget", done
    assert scene.model.asked <= 4, scene.model.asked
    return done["reason"]


TESTS = [works_and_is_counted, a_command_is_denied, a_cancel_leaves_nothing, silence_is_shown, an_outage_is_shown,
         a_refused_key_ends_it, a_budget_ends_it]


def main():
    wanted = sys.argv[3] if len(sys.argv) > 3 else ""
    failed = 0
    for agent in ENTRIES:
        for test in TESTS:
            name = "%s: %s" % (agent, test.__name__.replace("_", " "))
            if wanted not in name:
                continue
            started = time.monotonic()
            try:
                said = test(agent)
                print("ok      %s (%s; %.1f s)" % (name, said, time.monotonic() - started), flush=True)
            except Exception as error:  # A test that fails must not hide the others.
                failed += 1
                print("FAILED  %s: %s: %s" % (name, type(error).__name__, error), flush=True)
    sys.exit(1 if failed else 0)


main()
