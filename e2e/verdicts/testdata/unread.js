// Prints the mode of a verdict, and whether the check read the body; see unread_test.go.
'use strict';
const {Readable} = require('stream');
const [checker, key, header] = process.argv.slice(2);
const {requireVerdict} = require(require('path').resolve(checker));

let reads = 0;
const req = new Readable({highWaterMark: 0, read() { this.push(reads++ === 0 ? 'a=1' : null); }});
Object.assign(req, {method: 'POST', url: '/signup', headers: {host: 'example.com'}, headersDistinct: {'palisade-verdict': [header]}});
const res = {end: () => console.log('refused')};
requireVerdict(key, 'signup')(req, res, () => {
  console.log(req.palisade.mode + ', ' + (reads > 0 || req.readableDidRead || req.rawBody !== undefined ? 'read' : 'unread'));
});
