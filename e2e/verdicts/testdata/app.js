// A small app that requires the verdict.
'use strict';
const express = require('express');
const palisade = require(process.env.CHECKERS + '/palisade-verdict');

const app = express();
const users = [];
const signup = (req, res) => {
  users.push(req.body ? req.body.user : new URLSearchParams(req.rawBody.toString()).get('user'));
  res.send('done');
};

const form = express.urlencoded({extended: false, inflate: false, verify: palisade.keep});
app.post('/signup', form, palisade.requireVerdict(process.env.PALISADE_VERDICT_KEY, 'signup'), signup);

const required = palisade.requireVerdict(process.env.PALISADE_VERDICT_KEY, 'signup');
app.post(/^.na%C3%AFve/, form, required, signup);
app.use('/mounted', express.Router().post('/signup', required, signup)); // no parser
app.post('/forgetful', express.urlencoded({extended: false}), required, signup); // a parser that keeps nothing
app.get('/', (req, res) => res.send(users.map((user) => user + '\n').join('')));
app.listen(Number(process.env.PORT), '127.0.0.1');
