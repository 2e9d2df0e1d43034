// Takes out of a text what looks personal or secret. Pure; linear in the length of the text.

export type Redact = (text: string) => string;

type Pattern = { readonly name: string; readonly pattern: RegExp; readonly isReal?: (match: string) => boolean };

/** In this order: what holds others comes first. No pattern can backtrack over more than a few characters. */
const patterns: readonly Pattern[] = [
  {
    name: "private key",
    pattern: /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g,
  },
  { name: "token", pattern: /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g },
  {
    name: "key",
    pattern:
      /\b(?:sk-[\w-]{16,}|[sr]k_(?:live|test)_\w{10,}|whsec_\w{16,}|ax[a-z]_\w{20,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{30,}|xox[abeprs]-[\w-]{10,}|A[KS]IA[A-Z0-9]{16}|AIza[\w-]{30,}|ya29\.[\w-]{20,}|hf_\w{20,})/g,
  },
  { name: "token", pattern: /(?<=\bbearer\s{1,3})[\w.~+/=-]{8,}/gi },
  // In an address: https://name:this@host
  { name: "password", pattern: /(?<=:\/\/[^\s/@:]{0,64}:)[^\s/@]{1,200}(?=@)/g },
  {
    name: "password",
    // Also within JSON that stands in a text of JSON, where quotes are escaped.
    pattern:
      /(?<=(?:password|passwd|passphrase|secret|(?:api|access|private)[_-]?key|(?:access|refresh|auth|id)[_-]?token)(?:[_-]\w{1,20})?[\\"']{0,4}\s{0,3}[:=]\s{0,3}[\\"']{0,4})(?:[^\s"',;\\]|\\(?!["'])){4,}/gi,
  },
  { name: "email", pattern: /\b[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b/g },
  { name: "iban", pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b/g, isReal: isIban },
  { name: "card", pattern: /\b\d(?:[ -]?\d){12,18}\b/g, isReal: isCard },
  { name: "phone", pattern: /(?<![\w+])\+\d{1,3}(?:[ ()./-]{0,2}\d){6,12}\b/g },
];

/** `words` go wherever they stand, whatever their case. */
export function createRedact(words: readonly string[]): Redact {
  const own = words.length === 0 ? undefined : new RegExp(words.toSorted(byLength).map(escape).join("|"), "giu");
  return (text) => {
    let rest = own === undefined ? text : text.replace(own, "[word]");
    for (const { name, pattern, isReal } of patterns) {
      rest = rest.replace(pattern, (match) => (isReal === undefined || isReal(match) ? `[${name}]` : match));
    }
    return rest;
  };
}

/** A word may begin as another one does. */
function byLength(a: string, b: string): number {
  return b.length - a.length;
}

function escape(word: string): string {
  return word.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

/** ISO 13616: letters are numbers from 10, the number is 1 modulo 97. */
function isIban(text: string): boolean {
  const compact = text.replaceAll(" ", "");
  let rest = 0;
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** ISO/IEC 7812: the check digit by Luhn. */
function isCard(text: string): boolean {
  let sum = 0;
  for (const [at, character] of [...text.replaceAll(/\D/g, "")].toReversed().entries()) {
    const digit = Number(character) * (at % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}
