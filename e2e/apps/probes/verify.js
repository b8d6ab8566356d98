// Verifies a token with a package from npm, unchanged: node verify.js PACKAGE URL SECRET TOKEN.
// Prints true or false, or the error.
const [name, apiUrl, secret, token] = process.argv.slice(2);
const say = value => { console.log(String(value)); };

if (name === 'google-recaptcha') {
  const Recaptcha = require('google-recaptcha');
  new Recaptcha({apiUrl, secret, logger() {}}).verify({response: token, remoteIp: '127.0.0.1'}, error => say(error ? error.message : true));
} else {
  const module = require('cf-turnstile'), turnstile = module.default || module;
  turnstile(secret)(token, {apiUrl}).then(answer => say(answer.success ? true : answer.errors.join(', ')), say);
}
