// Starts a script of the repository (`node scripts/run.js start …`) on the Node that `npm ci` installed. Plain JavaScript,
// because an older Node must be able to read the sentence below.

import { fileURLToPath } from "node:url";

const [name, ...args] = process.argv.slice(2);

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `Auxot brings its own Node, and it is not installed here (this is Node ${process.versions.node}). ` +
      "Run `npm ci` first, then `npm run …` again. Optional dependencies must not be left out: one of them is that Node.\n",
  );
  process.exit(1);
}

const script = new URL(name?.includes("/") ? `../${name}` : `./${name}.ts`, import.meta.url);
process.argv.splice(1, process.argv.length - 1, fileURLToPath(script), ...args);
await import(script.href);
