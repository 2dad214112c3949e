"""National and state do-not-call lists: imported, looked up, exempted from (SPEC S-2)."""
