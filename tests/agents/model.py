"""A model that follows a script, behind OpenAI's API, for real agents: it looks for the tools that it is offered and calls
them in the order of its scene.

`Model.scene` chooses what happens; `Model.asked` and `Model.tokens` are its own count.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What each scene does, call by call, before it says that it is done.
SCENES = {
    "edit": ["read", "edit"],
    "execute": ["read", "execute", "edit"],
    "loop": ["read"] * 1000,
    "hang": [],
    "503": [],
    "401": [],
}

# Names that agents give to their tools.
TOOLS = {
    "read": ("read_file", "read", "view"),
    "edit": ("edit", "replace", "edit_file"),
    "execute": ("run_shell_command", "bash", "shell"),
}


# The copy of the project, as its path stands in a prompt.
COPY = re.compile(r"(/[^\s\"'`<>\\]*/snapshot/tree/[^/\s\"'`<>\\#]+)")


class Model:
    def __init__(self, file, old, new, command):
        self.file, self.old, self.new, self.command = file, old, new, command
        self.scene = "edit"
        self.lock = threading.Lock()
        self.reset()
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                model.answer(self, json.loads(body), len(body))

            def send(self, status, value):
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d/v1" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        self.asked, self.tokens, self.keys = 0, [0, 0], set()
        self.waiting = threading.Event()

    def answer(self, http, question, n_bytes):
        if self.scene in ("503", "401"):
            self.asked += 1
            return http.send(int(self.scene), {"error": {"message": "the scene says so", "code": self.scene}})
        call = self.call(question)
        # No two requests take the same, so that sums show what is missing.
        usage = {"prompt_tokens": 100 + n_bytes % 977, "completion_tokens": 7 + n_bytes % 31}
        usage["total_tokens"] = sum(usage.values())
        with self.lock:
            self.asked += 1
            self.tokens[0] += usage["prompt_tokens"]
            self.tokens[1] += usage["completion_tokens"]
            self.keys.add(http.headers.get("authorization"))
        message = {"role": "assistant", "content": None if call else "I am done."}
        if call:
            name, arguments = call
            function = {"name": name, "arguments": json.dumps(arguments)}
            message["tool_calls"] = [{"index": 0, "id": "call-%d" % self.asked, "type": "function", "function": function}]
        reason = "tool_calls" if call else "stop"
        base = {"id": "a", "created": 1, "model": question.get("model")}
        if not question.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": reason}
            return http.send(200, {**base, "object": "chat.completion", "choices": [choice], "usage": usage})
        http.send_response(200)
        http.send_header("content-type", "text/event-stream")
        http.send_header("connection", "close")
        http.end_headers()
        http.close_connection = True

        def event(value):
            http.wfile.write(b"data: " + json.dumps({**base, "object": "chat.completion.chunk", **value}).encode() + b"\n\n")
            http.wfile.flush()

        event({"choices": [{"index": 0, "delta": message, "finish_reason": None}]})
        if self.scene == "hang" and question.get("tools"):
            self.waiting.set()
            http.connection.settimeout(60)
            try:
                http.rfile.read(1)
            except OSError:
                pass
            return None
        event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        if (question.get("stream_options") or {}).get("include_usage"):
            event({"choices": [], "usage": usage})
        http.wfile.write(b"data: [DONE]\n\n")
        return None

    def call(self, question):
        """The name of the next tool and its arguments; None for words."""
        tools = {tool["function"]["name"]: tool["function"] for tool in question.get("tools") or []}
        since = [message["role"] for message in question["messages"]]
        turn = since[len(since) - since[::-1].index("user"):] if "user" in since else since
        step = turn.count("tool")
        # What agents ask on the side has no tools, or not these.
        if step >= len(SCENES[self.scene]):
            return None
        wanted = SCENES[self.scene][step]
        name = next((name for name in TOOLS[wanted] if name in tools), None)
        return (name, self.arguments(wanted, tools[name]["parameters"], question, step)) if name else None

    def arguments(self, wanted, schema, question, step):
        copy = COPY.search(json.dumps(question["messages"], ensure_ascii=False).replace("\\/", "/"))
        target = "%s/%s" % (copy.group(1), self.file) if copy else self.file
        values = {}
        for name in schema.get("properties") or {}:
            plain = name.lower().replace("_", "")
            if plain in ("path", "filepath", "absolutepath"):
                values[name] = target
            elif wanted == "edit" and plain in ("oldstring", "oldtext"):
                values[name] = self.old
            elif wanted == "edit" and plain in ("newstring", "newtext"):
                values[name] = self.new
            elif self.scene == "loop" and plain in ("offset", "limit"):
                # Agents end who does the same again and again.
                values[name] = 1 + step % 50
            elif wanted == "execute" and plain == "command":
                values[name] = self.command
            elif name in (schema.get("required") or []) and schema["properties"][name].get("type") == "boolean":
                values[name] = False
            elif name in (schema.get("required") or []) and name not in values:
                values[name] = "as the scene says"
        return values
