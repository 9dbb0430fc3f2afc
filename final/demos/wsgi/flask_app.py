"""A guest book, and pages that show what a WSGI application can do to its server."""

import time

import flask

app = flask.Flask(__name__)
entries = []

PAGE = """<!doctype html>
<title>Guest book</title>
<h1>Guest book</h1>
<form method="post"><input name="name" placeholder="your name" required> <button>Sign</button></form>
<ul>{% for entry in entries %}<li>{{ entry }}</li>{% endfor %}</ul>
<p><a href="/">all applications</a></p>
"""


@app.get("/")
def book():
    return flask.render_template_string(PAGE, entries=entries)


@app.post("/")
def sign():
    entries.append(flask.request.form["name"])
    del entries[:-100]
    return flask.redirect(flask.url_for("book"))


@app.get("/count")
def count():
    pause = float(flask.request.args.get("pause", 0.5))

    def lines():
        for number in range(1, 6):
            yield f"{number}\n"
            time.sleep(pause)

    return flask.Response(lines(), mimetype="text/plain")


@app.get("/slow")
def slow():
    seconds = float(flask.request.args.get("seconds", 5))
    time.sleep(seconds)
    return f"That took {seconds:g} seconds.\n"


@app.get("/broken")
def broken():
    raise RuntimeError("this page is broken")
