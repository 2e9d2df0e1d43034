// `npm run test:cli`: the real Claude Code from npm behind `auxot-worker cli`, offline, by both adapters (test/cli). Not a
// part of `npm test`: the first run fetches about 450 MB on disk.

import { cliPackages } from "../test/cli/claude-programs.ts";
import { fetchPackages, runTests } from "./npm-programs.ts";

for (const one of cliPackages) fetchPackages(one);
runTests("test/cli/*.test.ts");
