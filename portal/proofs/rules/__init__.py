"""Pure rules of proofs: how a record is put in words, what a certificate holds, how it is checked."""
