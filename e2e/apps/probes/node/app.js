// Node without a framework: the URL class reads the target of the request.
'use strict';
const fs = require('fs');
const http = require('http');

const file = process.env.PROBE_FILE;

http.createServer((req, res) => {
  let path;
  try {
    path = new URL(req.url, 'http://x').pathname;
  } catch {
    return res.writeHead(400).end();
  }
  if (path === '/effects') return res.end(JSON.stringify({signup: fs.statSync(file).size}));
  if (path !== '/signup' || req.method === 'GET') return res.writeHead(404).end();
  fs.appendFileSync(file, '1');
  res.end('done');
}).listen(Number(process.env.PORT), '127.0.0.1');
