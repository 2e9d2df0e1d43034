// Reads a TypeScript source as text: what is code, which modules it imports. A scanner, not a parser: it knows comments,
// strings, templates and regular expressions, and no more.

export type ImportSite = {
  readonly specifier: string;
  /** From 1. */
  readonly line: number;
  /** `import type` or `export type`: gone at run time. */
  readonly isTypeOnly: boolean;
  /** `export … from`. */
  readonly isReexport: boolean;
};

const comment = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const quoted = /"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?/y;
const templatePiece = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{|$)/y;
const regularExpression = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const word = /[\w$]+/y;
/** After one of these a slash divides; after anything else it opens a regular expression. */
const endsValue = /[\w$)\]}]$/;
const wordBeforeValue = /^(?:return|typeof|case|in|of|do|else|void|delete|await|yield|throw|new|instanceof)$/;

/** `text` with comments, and the insides of strings, templates and regular expressions, turned into spaces. Offsets and lines stay. */
export function blankText(text: string): string {
  let code = "";
  let previous = "";
  /** One number for each open `${`: the braces open inside it. */
  const openBraces: number[] = [];

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = code.length;
    return pattern.exec(text)?.[0];
  }
  function blank(piece: string, keepHead = 0, keepTail = 0): void {
    const middle = piece.slice(keepHead, piece.length - keepTail).replace(/[^\n]/g, " ");
    code += piece.slice(0, keepHead) + middle + piece.slice(piece.length - keepTail);
  }
  function blankTemplate(): void {
    code += text[code.length];
    const piece = take(templatePiece) ?? "";
    const opensCode = piece.endsWith("${");
    if (opensCode) openBraces.push(0);
    blank(piece, 0, opensCode ? 2 : piece.endsWith("`") ? 1 : 0);
    previous = opensCode ? "{" : ")";
  }

  while (code.length < text.length) {
    const next = text[code.length] ?? "";
    const depth = openBraces.at(-1);
    let piece: string | undefined;
    if (/\s/.test(next)) {
      code += next;
    } else if (next === "/" && (piece = take(comment)) !== undefined) {
      blank(piece);
    } else if (next === "/" && isValueExpected(previous) && (piece = take(regularExpression)) !== undefined) {
      blank(piece, 1, 1);
      previous = ")";
    } else if (next === '"' || next === "'") {
      piece = take(quoted) ?? next;
      blank(piece, 1, piece.length > 1 && piece.endsWith(next) ? 1 : 0);
      previous = ")";
    } else if (next === "`") {
      blankTemplate();
    } else if (next === "}" && depth === 0) {
      openBraces.pop();
      blankTemplate();
    } else {
      if (depth !== undefined && (next === "{" || next === "}"))
        openBraces.push((openBraces.pop() ?? 0) + (next === "{" ? 1 : -1));
      previous = take(word) ?? next;
      code += previous;
    }
  }
  return code;
}

const importForms = [
  /\b(?<keyword>import|export)(?<type>\s+type\b)?[^;"'`]*?\bfrom\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)')/dg,
  /\b(?<keyword>import)\s*\(?\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)')/dg,
];

/** Every static or dynamic import and re-export with a literal specifier. `code` is `blankText(text)`. */
export function findImports(text: string, code: string): ImportSite[] {
  const sites: ImportSite[] = [];
  for (const form of importForms) {
    for (const match of code.matchAll(form)) {
      const range = match.indices?.groups?.["double"] ?? match.indices?.groups?.["single"];
      if (range === undefined) continue;
      sites.push({
        specifier: text.slice(...range),
        line: lineAt(text, match.index),
        isTypeOnly: match.groups?.["type"] !== undefined,
        isReexport: match.groups?.["keyword"] === "export",
      });
    }
  }
  return sites.toSorted((a, b) => a.line - b.line);
}

/** The line, from 1, of the character at `offset`. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function isValueExpected(previous: string): boolean {
  return !endsValue.test(previous) || wordBeforeValue.test(previous);
}
