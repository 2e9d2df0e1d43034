// `npm run test:browser`: the pages in a real Chromium (test/browser). Not a part of `npm test`: no package of ours brings one.

import { findChromium } from "../test/browser/chromium.ts";
import { runTests } from "./npm-programs.ts";

if (findChromium() === undefined) {
  process.stderr.write(
    "There is no Chromium here. Install it (Debian: apt-get install chromium), or name a Chrome in CHROMIUM.\n",
  );
  process.exit(1);
}
runTests("test/browser/*.test.ts");
