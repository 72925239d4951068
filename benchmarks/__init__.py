"""What Pitcairn's figures rest on: `make bench`, or `python -m benchmarks [NAME …]`. Results go to `docs/benchmarks.md`.

Each figure is measured beside a reference in the same run on the same machine: a bare uvicorn application that reads the same
body and answers. Everything runs on loopback, bounded in time and count.
"""
