"""Flask's own hello page, a form, a stream and an error."""

import flask

app = flask.Flask(__name__)


@app.route("/")
def hello():
    return "<p>Hello, World!</p>"


@app.route("/form", methods=["POST"])
def form():
    upload = flask.request.files.get("upload")
    return {"name": flask.request.form["name"], "upload": upload and len(upload.read())}


@app.route("/stream")
def stream():
    return flask.Response((f"{i}\n" for i in range(3)), mimetype="text/plain")


@app.route("/broken")
def broken():
    raise ValueError("a view is broken")


@app.route("/cookie")
def cookie():
    response = flask.make_response(flask.url_for("hello", _external=True))
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    return response
