// `node scripts/run.js make-vendor-key FILE`: for those who sell licences. Makes the key pair that signs them: the private
// key goes into FILE (mode 0600, never overwritten), the public one is printed.

import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error("Usage: node scripts/run.js make-vendor-key FILE");
  process.exit(2);
}
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
try {
  writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });
} catch (error) {
  console.error(`Cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64");
console.error(`The private key is in ${file}. Keep it: nobody can sign for it without. The public key, for AUXOT_VENDOR_KEY
or packages/server/src/platform/vendor-key.ts:`);
console.log(raw);
