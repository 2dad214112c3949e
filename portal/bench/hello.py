"""The least a Flask application can answer: what pages and webhooks are measured against."""

from flask import Flask

app = Flask(__name__)
PAGE = "<p>hello</p>" * 250  # 3,000 bytes


@app.route("/", methods=["GET", "POST"])
def hello() -> str:
    """Say hello."""
    return "hello"


@app.get("/page")
def page() -> str:
    """Give a page of the size of a form."""
    return PAGE
