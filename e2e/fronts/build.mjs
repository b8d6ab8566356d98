// Builds the pages of the stacks with what e2e/node_modules has, as their authors would, and
// writes them as JSON: for each file its body and its scripts by path. React and Vue are built
// for development, because they report more faults then.
//
// - NAME.html is the body. A <script bundle> in it becomes /app.js, and <script bundle="/x.js">
//   a file that the page can name, for workers.
// - NAME.jsx exports a component of React. With `export const hydrated = true` the server
//   writes its HTML and the browser hydrates it; otherwise the browser renders it.
// - NAME.svelte is a component of Svelte.
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {dirname, extname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {compile} from 'svelte/compiler';

const here = dirname(fileURLToPath(import.meta.url));
const app = '<script src="/app.js" defer></script>';

const svelte = {
  name: 'svelte',
  setup(b) {
    b.onLoad({filter: /\.svelte$/}, async ({path}) => ({
      contents: compile(await readFile(path, 'utf8'), {filename: path, dev: true}).js.code, resolveDir: dirname(path),
    }));
  },
};

async function bundle(code, more = {}) {
  const result = await build({
    stdin: {contents: code, resolveDir: join(here, 'pages'), loader: 'jsx'},
    bundle: true, write: false, format: 'iife', jsx: 'automatic', logLevel: 'error', charset: 'utf8', plugins: [svelte],
    conditions: ['browser', 'development'],
    define: {'process.env.NODE_ENV': '"development"', __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'true'},
    ...more,
  });
  return result.outputFiles[0].text;
}

// serverHTML renders a component of React as a server does.
async function serverHTML(file) {
  const code = await bundle(`import {renderToString} from 'react-dom/server'; import App from './${file}'; module.exports = renderToString(<App />);`,
    {platform: 'node', format: 'cjs', conditions: ['node', 'development']});
  const module = {exports: {}};
  new Function('module', 'exports', 'require', code)(module, module.exports, createRequire(import.meta.url));
  return module.exports;
}

async function page(file) {
  const source = await readFile(join(here, 'pages', file), 'utf8');
  const scripts = {};
  switch (extname(file)) {
  case '.html': {
    const parts = source.split(/<script bundle(?:="([^"]+)")?>\n([^]*?)<\/script>\n?/);
    let body = parts[0];
    for (let i = 1; i < parts.length; i += 3) {
      scripts[parts[i] ?? '/app.js'] = await bundle(parts[i + 1]);
      body += (parts[i] ? '' : app) + parts[i + 2];
    }
    return {body, scripts};
  }
  case '.jsx': {
    const hydrated = /^export const hydrated = true/m.test(source);
    scripts['/app.js'] = await bundle(`import {createRoot, hydrateRoot} from 'react-dom/client'; import App from './${file}';
      const root = document.querySelector('#app');
      ${hydrated ? 'hydrateRoot(root, <App />)' : 'createRoot(root).render(<App />)'};`);
    return {body: `<div id="app">${hydrated ? await serverHTML(file) : ''}</div>${app}`, scripts};
  }
  case '.svelte':
    scripts['/app.js'] = await bundle(`import {mount} from 'svelte'; import App from './${file}';
      mount(App, {target: document.querySelector('#app')});`);
    return {body: `<div id="app"></div>${app}`, scripts};
  }
  throw new Error(`${resolve(file)}: neither .html nor .jsx nor .svelte`);
}

const built = {};
for (const file of process.argv.slice(2)) built[file] = await page(file);
process.stdout.write(JSON.stringify(built));
