// Runs the checker over vectors: a line each, of fields in hexadecimal; see vectors_test.go.
'use strict';
const path = require('path');
const {verify} = require(path.resolve(process.argv[2]));
for (const line of require('fs').readFileSync(0, 'latin1').trimEnd().split('\n')) {
  const fields = line.split('\t').map((hex) => Buffer.from(hex, 'hex'));
  const body = fields[7];
  const [keys, form, judged, headers, method, host, target, , now] = fields.map((field) => field.toString('latin1'));
  const lines = headers === '' ? [] : headers.split('\n');
  const v = verify(lines, keys.split('\n'), {form, watched: judged !== 'judged', method, host, target, body, now: Number(now)});
  console.log(v ? [v.site, v.form, v.id, v.mode, v.t].join(' ') : 'refused');
}
