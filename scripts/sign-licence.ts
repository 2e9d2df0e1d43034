// `node scripts/run.js sign-licence --key FILE --holder NAME --tier TIER …`: for those who sell licences. Prints the text
// of a licence, signed with the private key that make-vendor-key wrote.

import { createPrivateKey, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { writeLicence } from "@auxot/server/platform/licence";

const usage = `Usage: node scripts/run.js sign-licence --key FILE --holder NAME --tier TIER [options]

  --seats N           people at most (default: any number)
  --features a,b,c    what it includes (default: * for all)
  --expires DATE      its end, like 2027-12-31 (default: never)
  --grace-days N      how long everything goes on after that (default: 30)`;

function refuse(message: string): never {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
}

function readCount(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) refuse(`--${name} must be a number.`);
  return Number(text);
}

function readDay(text: string | undefined): string | null {
  if (text === undefined) return null;
  const at = Date.parse(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(at)) refuse("--expires must be a day like 2027-12-31.");
  return new Date(at).toISOString();
}

function readOptions() {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      options: {
        key: text,
        holder: text,
        tier: text,
        seats: text,
        features: { type: "string", default: "*" },
        expires: text,
        "grace-days": { type: "string", default: "30" },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const options = readOptions();
const { key, holder, tier } = options;
if (key === undefined || holder === undefined || tier === undefined) refuse("--key, --holder and --tier are required.");
try {
  const licence = {
    id: `lic_${randomUUID()}`,
    holder,
    tier,
    seats: readCount(options.seats, "seats") ?? null,
    features: options.features.split(",").map((feature) => feature.trim()),
    issuedAt: new Date().toISOString(),
    expiresAt: readDay(options.expires),
    graceDays: readCount(options["grace-days"], "grace-days") ?? 30,
  };
  console.log(writeLicence(licence, createPrivateKey(readFileSync(key))));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
