// Makes a key pair with a certificate that it signs itself: SAML knows keys by certificates. X.509 (RFC 5280) in DER. Pure
// but for the randomness of keys.

import { createPublicKey, generateKeyPair, randomBytes, sign } from "node:crypto";
import { promisify } from "node:util";

/** Both PEM. */
export type OwnKey = { readonly privateKey: string; readonly certificate: string };

const generate = promisify(generateKeyPair);
const lastsYears = 10;

/** RSA with 2048 bits, good for ten years from `now`; takes some 100 ms in a thread of its own. */
export async function createOwnKey(name: string, now: Date): Promise<OwnKey> {
  const { privateKey } = await generate("rsa", { modulusLength: 2048 });
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const until = new Date(now);
  until.setUTCFullYear(now.getUTCFullYear() + lastsYears);
  const who = sequence(tag(0x31, sequence(commonName, tag(0x0c, Buffer.from(name.slice(0, 64), "utf8")))));
  const facts = sequence(
    tag(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    sha256WithRsa,
    who,
    sequence(writeTime(now), writeTime(until)),
    who,
    publicKey,
  );
  const signature = tag(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", facts, privateKey)]));
  const base64 = sequence(facts, sha256WithRsa, signature).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificate: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
  };
}

const sha256WithRsa = sequence(Buffer.from("06092a864886f70d01010b", "hex"), Buffer.from("0500", "hex"));
const commonName = Buffer.from("0603550403", "hex");

function sequence(...parts: readonly Buffer[]): Buffer {
  return tag(0x30, Buffer.concat(parts));
}

function tag(type: number, content: Buffer): Buffer {
  const size = content.length;
  if (size < 0x80) return Buffer.concat([Buffer.from([type, size]), content]);
  const bytes = size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([type, ...bytes]), content]);
}

/** UTCTime until 2049, GeneralizedTime from then on. */
function writeTime(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]|\.\d+/g, "");
  return at.getUTCFullYear() < 2050 ? tag(0x17, Buffer.from(digits.slice(2))) : tag(0x18, Buffer.from(digits));
}
