"""Delivery: what is queued for a destination is sent to it, in order per person, until it arrived or is given up.

`outbox` is what is queued, `lanes` is who waits for whom, `backoff` and `circuit` say when to try again, `sending` makes
requests of messages and outcomes of answers, `runner` is one destination at work, `ledger` writes down what became of
everything, and `engine` runs all of it in one thread. See docs/adr/0006-delivery.md.
"""
