// Builds the console into dist/, which is committed: nobody needs Node to build the gate.
// The same sources give the same bytes; a build over the budget fails.
import { build } from 'esbuild';
import { readFileSync, mkdirSync, writeFileSync, readdirSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { en } from './src/words/en.js';
import { zh } from './src/words/zh.js';

/** The most bytes that all files of the console together may have, each gzipped. */
const BUDGET = 60_000;

const here = fileURLToPath(new URL('.', import.meta.url));
const out = join(here, 'dist');
const notice =
  '/* Tidegate console. Holds Preact (MIT, (c) 2015-present Jason Miller) and htm (Apache-2.0, (c) 2018 Google Inc.). */';

/** Markup keeps its line ends, which htm drops, but not the indentation that is for readers of the sources. */
const unindented = {
  name: 'unindented',
  setup(to) {
    to.onLoad({ filter: /src[\\/].*\.js$/ }, ({ path }) =>
      path.includes('node_modules') ? undefined : { contents: readFileSync(path, 'utf8').replace(/\n[ \t]+/g, '\n'), loader: 'js' },
    );
  },
};

/** The second language goes without keys: its words stand in the order of the first one's. */
const packed = {
  name: 'packed',
  setup(to) {
    to.onLoad({ filter: /words[\\/](en|zh)\.js$/ }, ({ path }) => {
      const order = JSON.stringify(Object.keys(en).map((key) => zh[key]));
      const second = `import { en } from './en.js'; const all = ${order};
        export const zh = Object.fromEntries(Object.keys(en).map((key, at) => [key, all[at]]));`;
      const first = `export const en = ${JSON.stringify(en)};`;
      return { contents: path.endsWith('en.js') ? first : second, loader: 'js' };
    });
  },
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: { app: 'src/main.js', style: 'src/css/app.css' },
  outdir: out,
  entryNames: '[name]',
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
  charset: 'utf8',
  legalComments: 'none',
  banner: { js: notice },
  sourcemap: false,
  plugins: [packed, unindented],
});
writeFileSync(join(out, 'app.css'), readFileSync(join(out, 'style.css')));
rmSync(join(out, 'style.css'));
for (const name of ['index.html', 'icon.svg']) {
  writeFileSync(join(out, name), readFileSync(join(here, 'src', name)));
}

let total = 0;
for (const name of readdirSync(out).sort()) {
  const bytes = readFileSync(join(out, name));
  const packed = gzipSync(bytes, { level: 9 }).length;
  total += packed;
  console.log(`${name.padEnd(12)} ${String(bytes.length).padStart(7)} B  ${String(packed).padStart(6)} B gzipped`);
}
console.log(`${'total'.padEnd(12)} ${String(total).padStart(18)} B gzipped, of ${BUDGET}`);
if (total > BUDGET) {
  console.error('the console is over its budget');
  process.exit(1);
}
