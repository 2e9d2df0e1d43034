// Writes the completion of zsh.

import type { Command } from "../command.ts";
import { listTakingFlags, listWords, type Words, type WordsOption } from "./words.ts";

export function writeZsh(commands: readonly Command[]): string {
  const rows = listWords(commands);
  return `#compdef auxot
# Completion of auxot for zsh. Put into ~/.zshrc, after compinit: eval "$(npx auxot completion zsh)"
_auxot() {
  local spoken="" word previous="\${words[CURRENT-1]}"
  local -i index
  local -a next flags values
  for ((index = 2; index < CURRENT; index++)); do
    word="\${words[index]}"
    case "$word" in
      ${listTakingFlags(rows).join(" | ")}) ((index++)) ;;
      -*) ;;
      *)
        case "\${spoken:+$spoken }$word" in
          ${rows
            .filter(({ after }) => after !== "")
            .map(({ after }) => `"${after}"`)
            .join(" | ")}) spoken="\${spoken:+$spoken }$word" ;;
        esac
        ;;
    esac
  done
  case "$spoken" in
${rows.map(writeRow).join("\n")}
  esac
  case "\${values[1]}" in
    "<file>") _files; return ;;
    "<any>") _message value; return ;;
    "") ;;
    *) compadd -- "\${values[@]}"; return ;;
  esac
  (( \${#next} )) && _describe -t commands command next
  (( \${#flags} )) && _describe -o -t options option flags
}
compdef _auxot auxot
`;
}

function writeRow({ after, next, options }: Words): string {
  const taking = options.flatMap(({ flags, value }) =>
    value === undefined ? [] : `        ${flags.join(" | ")}) values=(${writeValues(value)}) ;;`,
  );
  return [
    `    "${after}")`,
    `      next=(${next.map(({ word, summary }) => quote(`${word}:${summary}`)).join(" ")})`,
    `      flags=(${options.map(({ flags: [flag = ""], summary }) => quote(`${flag}:${summary}`)).join(" ")})`,
    ...(taking.length === 0 ? [] : [`      case "$previous" in`, ...taking, "      esac"]),
    "      ;;",
  ].join("\n");
}

function writeValues(value: NonNullable<WordsOption["value"]>): string {
  return typeof value === "string" ? quote(`<${value}>`) : value.map(quote).join(" ");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
