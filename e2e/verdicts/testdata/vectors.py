"""Runs the checker over vectors: a line each, of fields in hexadecimal; see vectors_test.go."""

import sys

from palisade_forms.verdict import JUDGED, VerdictError, verify

for line in sys.stdin:
    *texts, target, body, now, path = (bytes.fromhex(field) for field in line.rstrip("\n").split("\t"))
    keys, form, judged, headers, method, host = (text.decode("latin-1") for text in texts)
    lines = headers.split("\n") if headers else []
    keys = [key.split()[-1] for key in keys.split("\n")]
    try:
        v = verify(lines, keys, host=host, method=method, path=path, body=body, now=float(now))
        held = v.form == form and (judged != "judged" or v.mode in JUDGED)
    except VerdictError:
        held = False
    print(f"{v.site} {v.form} {v.id} {v.mode} {v.time}" if held else "refused")
