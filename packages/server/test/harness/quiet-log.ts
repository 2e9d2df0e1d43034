// A log for tests that do not look at it.

import { createLog, type Log } from "../../src/platform/log.ts";

export const quietLog: Log = createLog("fatal");
