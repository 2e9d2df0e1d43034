// `npm run add-gpu -- cuda|vulkan`: puts llama.cpp's build for this machine's GPU beside the CPU build that `npm ci`
// installs. The builds are 24 to 320 MB, so nobody gets one without asking. `npm ci` takes it out again.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const builds: Readonly<Record<string, readonly string[]>> = {
  "linux-x64 cuda": ["linux-x64-cuda", "linux-x64-cuda-ext"],
  "linux-x64 vulkan": ["linux-x64-vulkan"],
};

/** The packages (of the scope @node-llama-cpp) for a GPU on a platform; undefined when there are none. */
export function findGpuPackages(platform: string, kind: string): readonly string[] | undefined {
  return builds[`${platform} ${kind}`];
}

function install(name: string, version: string, scope: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), "auxot-gpu-"));
  try {
    process.stdout.write(`Fetching @node-llama-cpp/${name}@${version} …\n`);
    const npm = ["pack", `@node-llama-cpp/${name}@${version}`, "--silent", "--pack-destination", folder];
    const file = execFileSync("npm", npm, { encoding: "utf8" }).trim().split("\n").at(-1) ?? "";
    const unpacked = path.join(scope, `.${name}`);
    rmSync(unpacked, { recursive: true, force: true });
    mkdirSync(unpacked, { recursive: true });
    execFileSync("tar", ["-xzf", path.join(folder, file), "-C", unpacked, "--strip-components=1"]);
    const target = path.join(scope, name);
    rmSync(target, { recursive: true, force: true });
    renameSync(unpacked, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Gives the exit code. */
function addGpu(kind: string | undefined): number {
  const platform = `${process.platform}-${process.arch}`;
  const names = kind === undefined ? undefined : findGpuPackages(platform, kind);
  if (names === undefined) {
    const hint =
      process.platform === "darwin"
        ? "On a Mac the installed build uses Metal already; nothing has to be added."
        : `Usage: npm run add-gpu -- cuda|vulkan, on linux-x64 (this machine is ${platform}).`;
    process.stderr.write(`${hint}\n`);
    return 2;
  }
  const modules = path.join(import.meta.dirname, "../node_modules");
  const manifest = path.join(modules, "node-llama-cpp/package.json");
  if (!existsSync(manifest)) {
    process.stderr.write("Run `npm ci` first.\n");
    return 1;
  }
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };
  for (const name of names) install(name, version, path.join(modules, "@node-llama-cpp"));
  process.stdout.write(`Done. Start with: npm start -- --gpu ${kind} --model FILE.gguf\n`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = addGpu(process.argv[2]);
