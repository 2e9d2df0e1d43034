// Typed, prefixed ids.

export const idPrefixes = {
  request: "req_",
  worker: "wrk_",
  session: "ses_",
  job: "job_",
  count: "cnt_",
  key: "key_",
  provider: "prv_",
  audit: "aud_",
  secret: "sec_",
  user: "usr_",
  service: "svc_",
  team: "tem_",
  role: "rol_",
  price: "prc_",
  limit: "lim_",
  lease: "lea_",
  alert: "alt_",
  raiseRequest: "rse_",
  signInMethod: "sim_",
  signIn: "sin_",
  challenge: "chl_",
  passkey: "pky_",
  twoFactor: "tfa_",
  invitation: "inv_",
  passwordReset: "rst_",
  ssoProvider: "sso_",
  scimToken: "sct_",
  scimGroup: "grp_",
  deviceGrant: "dev_",
} as const;

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

// Random bytes are drawn in stock: one system call for each id was a tenth of the router's time on short answers.
const stock = new Uint8Array(4096);
let used = stock.length;

/** `prefix` and `length` random base62 characters (default 24, about 143 bits). Not for secrets: see key-format.ts. */
export function createId(prefix: string, length = 24): string {
  let text = prefix;
  while (text.length < prefix.length + length) {
    if (used === stock.length) {
      globalThis.crypto.getRandomValues(stock);
      used = 0;
    }
    const byte = stock[used++] ?? 255;
    // 248 = 4 * 62: higher bytes would favour the first letters.
    if (byte < 248) text += alphabet[byte % 62];
  }
  return text;
}
