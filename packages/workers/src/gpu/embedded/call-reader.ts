// Reads one tool call written as a JSON object, character by character, so that its arguments stream while they come. Pure.

/** What one character completed. `arguments` pieces are the exact text; `end` says the object is closed. */
export type CallStep =
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "arguments"; readonly text: string }
  | { readonly type: "end" }
  /** The text is no call. */
  | { readonly type: "malformed" };

export type CallReader = {
  /** Takes one character; gives what it completed, in order. After `end` or `malformed` it must not be called again. */
  push(character: string): readonly CallStep[];
};

type State = "object" | "key-or-end" | "key" | "in-key" | "colon" | "value" | "in-value" | "comma-or-end";

/** Reads `{"name": "x", "arguments": {…}}` in any order; `parameters` is another word for `arguments`, other keys are skipped. */
export function createCallReader(): CallReader {
  let state: State = "object";
  let text = "";
  let key = "";
  let name: string | undefined;
  let early = "";
  let value = createValueScanner();

  function push(character: string): readonly CallStep[] {
    switch (state) {
      case "object":
        return expect(character, { "{": "key-or-end" });
      case "key-or-end":
        if (character === "}") return end();
        return startKey(character);
      case "key":
        return startKey(character);
      case "in-key":
        text += character;
        if (value.push(character) !== "end") return [];
        key = readString(text) ?? "";
        state = "colon";
        return [];
      case "colon":
        return expect(character, { ":": "value" });
      case "value":
        if (isSpace(character)) return [];
        value = createValueScanner();
        text = "";
        state = "in-value";
        return pushValue(character);
      case "in-value":
        return pushValue(character);
      case "comma-or-end":
        if (character === "}") return end();
        return expect(character, { ",": "key" });
    }
  }

  function expect(character: string, next: Readonly<Record<string, State>>): readonly CallStep[] {
    if (isSpace(character)) return [];
    const found = next[character];
    if (found === undefined) return [{ type: "malformed" }];
    state = found;
    return [];
  }

  function startKey(character: string): readonly CallStep[] {
    if (isSpace(character)) return [];
    if (character !== '"') return [{ type: "malformed" }];
    text = character;
    value = createValueScanner();
    value.push(character);
    state = "in-key";
    return [];
  }

  function pushValue(character: string): readonly CallStep[] {
    const progress = value.push(character);
    if (progress === "malformed") return [{ type: "malformed" }];
    const done = progress !== "more";
    // A number or word ends at the character after it, which is then not part of it.
    const steps: CallStep[] = [];
    if (progress !== "ended-before") {
      text += character;
      steps.push(...takeArguments(character, done));
    } else {
      steps.push(...takeArguments("", true));
    }
    if (!done) return steps;
    state = "comma-or-end";
    if (key === "name") {
      name = readString(text);
      if (name === undefined || name === "") return [{ type: "malformed" }];
      steps.push({ type: "name", name });
      if (early !== "") steps.push({ type: "arguments", text: early });
    }
    return progress === "ended-before" ? [...steps, ...push(character)] : steps;
  }

  function takeArguments(character: string, done: boolean): readonly CallStep[] {
    if (key !== "arguments" && key !== "parameters") return [];
    // Some models write the arguments as a string that holds JSON; that is only known to be whole at its end.
    const isWhole = text.startsWith("{") || text.startsWith("[");
    const piece = isWhole ? character : done ? (readString(text) ?? (text === "null" ? "" : text)) : "";
    if (name === undefined) {
      early += piece;
      return [];
    }
    return piece === "" ? [] : [{ type: "arguments", text: piece }];
  }

  function end(): readonly CallStep[] {
    return name === undefined ? [{ type: "malformed" }] : [{ type: "end" }];
  }

  return { push };
}

/** Finds the end of one JSON value without checking what is inside. */
export type ValueScanner = {
  /** `end`: this character closes the value. `ended-before`: the value ended before this character. */
  push(character: string): "more" | "end" | "ended-before" | "malformed";
};

export function createValueScanner(): ValueScanner {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let started = false;
  return {
    push(character) {
      if (inString) {
        if (escaped) escaped = false;
        else if (character === "\\") escaped = true;
        else if (character === '"') {
          inString = false;
          if (depth === 0) return "end";
        }
        return "more";
      }
      if (character === '"') {
        inString = true;
      } else if (character === "{" || character === "[") {
        depth++;
      } else if (character === "}" || character === "]") {
        if (depth === 0) return started ? "ended-before" : "malformed";
        depth--;
        if (depth === 0) return "end";
      } else if (depth === 0 && (character === "," || isSpace(character))) {
        return started ? "ended-before" : "malformed";
      } else if (depth === 0 && !/[-+.\w]/.test(character)) {
        return "malformed";
      }
      started = true;
      return "more";
    },
  };
}

export function isSpace(character: string): boolean {
  return character === " " || character === "\n" || character === "\t" || character === "\r";
}

function readString(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
