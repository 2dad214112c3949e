"""Checks exports and proofs of the audit log with nothing but Python (C-5, I13).

This folder is handed out as one program (`program`): it imports nothing of the portal, hence
the relative imports, and nothing that has to be installed. The portal checks its own log with
the same functions.
"""
