"""The least a Flask application can answer: what pages and webhooks are measured against."""

from flask import Flask

app = Flask(__name__)


@app.post("/")
def hello() -> str:
    """Say hello."""
    return "hello"
