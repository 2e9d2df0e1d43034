// `npm run test:clients`: Claude Code and Codex CLI from npm, unmodified, through the router (test/clients). Not a part of
// `npm test`: the first run fetches about 800 MB on disk.

import { clientPackages, clientsFolder } from "../test/clients/client-programs.ts";
import { fetchPackages, runTests } from "./npm-programs.ts";

fetchPackages({
  folder: clientsFolder,
  packages: clientPackages,
  // It puts Claude Code's program into its place.
  installScript: "node_modules/@anthropic-ai/claude-code/install.cjs",
});
runTests("test/clients/*.test.ts");
