// A handler that is mounted below a path, in Connect or in Express: APP says which.
'use strict';
const fs = require('fs');
const http = require('http');

const file = process.env.PROBE_FILE;
const app = require(process.env.APP)();

app.use('/effects', (req, res) => res.end(JSON.stringify({signup: fs.statSync(file).size})));
app.use('/signup', (req, res, next) => {
  if (req.method === 'GET') return next();
  fs.appendFileSync(file, '1');
  res.end('done');
});
http.createServer(app).listen(Number(process.env.PORT), '127.0.0.1');
