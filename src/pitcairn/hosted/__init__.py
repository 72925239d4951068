"""Hosted pages: whole pages that Pitcairn itself serves at `/p/…`, each for many recipients by personal links."""
