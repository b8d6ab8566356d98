// Headers of browsers, one JSON object a line: a sample of the Bayesian network that
// header-generator learnt from real traffic, and user agents of user-agents, which are
// sampled from real visits.
import {HeaderGenerator} from 'header-generator';
import UserAgent from 'user-agents';
const generator = new HeaderGenerator();
for (let i = 0; i < 3000; i++) console.log(JSON.stringify({of: 'headers', headers: generator.getHeaders()}));
for (let i = 0; i < 10000; i++) console.log(JSON.stringify({of: 'agents', headers: {'user-agent': new UserAgent().toString()}}));
