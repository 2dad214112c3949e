"""The carrier sandbox: a program of its own that stands in for Twilio (X-2)."""

from portal.sandbox.app import create_sandbox
from portal.sandbox.config import SandboxConfig

__all__ = ["SandboxConfig", "create_sandbox"]
