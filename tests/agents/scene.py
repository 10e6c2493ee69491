"""What the tests of real agents share: a home, a project, a scripted model, and the two agents as settings name them.

The environment names what is there: FORETYPE_BIN the binary, FORETYPE_TEST_AGENTS the folder that install has made.
"""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from model import Model

FORETYPE, AGENTS = os.environ["FORETYPE_BIN"], Path(os.environ["FORETYPE_TEST_AGENTS"])
FILE = "src/lib.rs"
OLD, NEW = "todo!()", "a + b"
BEFORE = "pub fn add(a: u32, b: u32) -> u32 {\n    %s\n}\n" % OLD
AFTER = BEFORE.replace(OLD, NEW)
KEY = "key-of-nobody-0123456789"

# One price for both, in US dollars for a million tokens.
INPUT_USD, OUTPUT_USD = 3.0, 15.0


class Scene:
    """A home, a project and a model; `agent` is the first of those in the settings, and there are no others by default."""

    def __init__(self, agent, *others, budget=None, file=FILE, model=None):
        self.place = tempfile.TemporaryDirectory(prefix="foretype-agents-", ignore_cleanup_errors=True)
        self.home = Path(self.place.name).resolve()
        self.project = self.home / "project"
        (self.project / "src").mkdir(parents=True)
        (self.project / file).write_text(BEFORE)
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost"]
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
            subprocess.run(git + command, cwd=self.project, check=True)
        self.model = model or Model(file, OLD, NEW, "touch made-by-the-agent")
        settings = self.home / ".config" / "foretype" / "config.toml"
        settings.parent.mkdir(parents=True)
        more = {"upstream": self.model.url, "input_usd": INPUT_USD, "output_usd": OUTPUT_USD}
        if budget:
            more["budget"] = budget
        entries = [{**ENTRIES[name], **more} for name in (agent, *others)]
        settings.write_text("[agents]\nstalled_after_s = 2\nuse = %s\n" % toml(entries))
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}

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
        """No process of it is left."""
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
