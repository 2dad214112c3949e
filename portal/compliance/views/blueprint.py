"""The blueprint of compliance."""

from flask import Blueprint

bp = Blueprint("compliance", __name__)
