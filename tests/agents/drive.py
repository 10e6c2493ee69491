"""Real agents against the scripted model, through `foretype agent`, from a real Neovim, and as the README says: work, review,
apply, deny, cancel, outages, budgets.

drive.py [FILTER]; run starts it, and says in the environment what is there. Nothing outside of this machine is asked.
"""

import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scene import AFTER, AGENTS, BEFORE, ENTRIES, FILE, FORETYPE, INPUT_USD, KEY, NEW, OUTPUT_USD, Scene

# Empty where there is none.
NEOVIM = os.environ.get("FORETYPE_TEST_NEOVIM", "")
ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


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


def begin_editor(scene, *arguments):
    """Neovim, which finds the server by its name."""
    programs = scene.home / ".cargo" / "bin"
    programs.mkdir(parents=True)
    (programs / "foretype").symlink_to(FORETYPE)
    scene.environment["PATH"] = "%s:%s" % (programs, scene.environment["PATH"])
    command = [NEOVIM, "--clean", "-l", str(ROOT / "tests/agents/neovim.lua"), str(ROOT), str(scene.home),
               str(scene.project), *arguments]
    done = subprocess.run(command, env=scene.environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (hand_off,) = scene.list()
    scene.check_gone(hand_off)
    return hand_off


def neovim_hands_over_and_applies(agent):
    scene = Scene(agent)
    hand_off = begin_editor(scene)
    assert hand_off["state"] == "applied", hand_off
    expected = "// not saved yet\n%s// typed while it worked\n" % AFTER
    assert (scene.project / FILE).read_text() == expected
    return "what was not saved and what was typed meanwhile are kept"


def neovim_says_no(agent):
    scene = Scene(agent)
    scene.model.scene = "execute"
    hand_off = begin_editor(scene, "Deny")
    assert [made["by"] for made in hand_off["decisions"] if "touch" in made["what"]] == ["user"], hand_off
    assert not list(scene.home.glob("**/made-by-the-agent")), "it ran"
    assert (scene.project / FILE).read_text() == BEFORE
    return "%d decisions" % len(hand_off["decisions"])


def readme_block(section, language):
    text = README.read_text().split("\n## %s\n" % section)[1].split("\n## ")[0]
    return re.search("```%s\n(.*?)```" % language, text, re.S).group(1)


def the_readme_is_followed(agent):
    """From a clean home; from outside come the agent's program, and the address of its model, as its maker names it."""
    settings, commands = (readme_block("A task, handed over", language) for language in ("toml", "sh"))
    file = re.search(r"--about (\S+)", commands).group(1)
    scene = Scene(agent, file=file)
    programs = scene.home / "bin"
    programs.mkdir()
    (programs / "foretype").symlink_to(FORETYPE)
    (programs / agent).symlink_to(AGENTS / agent)
    environment = {
        "PATH": "%s:%s" % (programs, os.environ["PATH"]), "HOME": str(scene.home), "LANG": "C.UTF-8",
        "OPENAI_BASE_URL": scene.model.url, "OPENAI_API_KEY": KEY, "OPENAI_MODEL": "scripted",
    }
    place = subprocess.run([FORETYPE, "config", "path"], env=environment, capture_output=True, text=True, check=True)
    path = Path(place.stdout.strip().splitlines()[0])
    # All that a clean home would have.
    path.write_text(settings)
    done = subprocess.run(["sh", "-ec", commands], cwd=scene.project, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "+    " + NEW in done.stdout, done.stdout
    assert (scene.project / file).read_text() == AFTER, done.stdout + done.stderr
    return "%d requests; applied" % scene.model.asked


TESTS = [works_and_is_counted, a_command_is_denied, a_cancel_leaves_nothing, silence_is_shown, an_outage_is_shown,
         a_refused_key_ends_it, a_budget_ends_it]

# Those of an editor have one agent, the quicker one.
OTHERS = [(neovim_hands_over_and_applies, "opencode"), (neovim_says_no, "opencode"), (the_readme_is_followed, "qwen")]

# Agents mostly wait, for their own time-outs too.
N_TOGETHER = 3


def attempt(test, agent):
    """Says how it went; whether it went well."""
    name = "%s: %s" % (agent, test.__name__.replace("_", " "))
    started = time.monotonic()
    try:
        said = test(agent)
        print("ok      %s (%s; %.1f s)" % (name, said, time.monotonic() - started), flush=True)
        return True
    except Exception as error:  # A test that fails must not hide the others.
        print("FAILED  %s: %s: %s" % (name, type(error).__name__, error), flush=True)
        return False


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    others = [other for other in OTHERS if NEOVIM or "neovim" not in other[0].__name__]
    if len(others) < len(OTHERS):
        print("skipped: Neovim not found")
    tests = others + [(test, agent) for test in TESTS for agent in ENTRIES]
    tests = [(test, agent) for test, agent in tests if wanted in "%s: %s" % (agent, test.__name__.replace("_", " "))]
    with ThreadPoolExecutor(N_TOGETHER) as pool:
        passed = list(pool.map(lambda one: attempt(*one), tests))
    sys.exit(0 if passed and all(passed) else 1)


main()
