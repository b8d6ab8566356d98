// The same in Express 5.
'use strict';
const crypto = require('crypto');
const express = require('express');

const app = express();
let signups = 0;

const raw = express.raw({type: () => true, limit: '50mb'});
app.get('/signup', (req, res) => res.send('<form method="post" action="/signup"><input name="user"><button>Go</button></form>'));
app.post('/signup', (req, res) => {
  signups++;
  res.send('done');
});
app.all('/echo', raw, (req, res) => {
  const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
  const headers = {};
  for (const [name, value] of Object.entries(req.headers)) headers['HTTP_' + name.toUpperCase().replace(/-/g, '_')] = value;
  res.json({
    method: req.method,
    path: req.path,
    query: req.originalUrl.split('?').slice(1).join('?'),
    headers,
    body_sha256: crypto.createHash('sha256').update(body).digest('hex'),
    form: {},
  });
});
// What a form holds, as qs reads it.
app.post('/form', express.urlencoded({extended: true}), (req, res) => res.json({form: req.body}));
app.get('/effects', (req, res) => res.json({signup: signups}));
app.listen(Number(process.env.PORT), '127.0.0.1');
