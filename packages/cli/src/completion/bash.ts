// Writes the completion of bash, from 3.2 on (macOS): no associative arrays, no bash-completion package needed.

import type { Command } from "../command.ts";
import { listTakingFlags, listWords, type Words } from "./words.ts";

export function writeBash(commands: readonly Command[]): string {
  const rows = listWords(commands);
  return `# Completion of auxot for bash. Put into ~/.bashrc: eval "$(npx auxot completion bash)"
_auxot() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="" path="" words="" values="" word index
  COMPREPLY=()
  [ "$COMP_CWORD" -gt 0 ] && previous="\${COMP_WORDS[COMP_CWORD-1]}"
  # bash takes --kind=worker apart at the equals sign.
  if [ "$current" = "=" ]; then current=""
  elif [ "$previous" = "=" ]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$word" in
      ${listTakingFlags(rows).join(" | ")}) index=$((index + 1)) ;;
      -*) ;;
      *)
        case "\${path:+$path }$word" in
          ${rows
            .filter(({ after }) => after !== "")
            .map(({ after }) => `"${after}"`)
            .join(" | ")}) path="\${path:+$path }$word" ;;
        esac
        ;;
    esac
  done
  case "$path" in
${rows.map(writeRow).join("\n")}
  esac
  case "$values" in
    "<file>") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
    "<any>") ;;
    "") COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$values" -- "$current")) ;;
  esac
}
complete -F _auxot auxot
`;
}

function writeRow({ after, next, options }: Words): string {
  const words = [...next.map(({ word }) => word), ...options.flatMap(({ flags }) => flags.slice(0, 1))].join(" ");
  const taking = options.flatMap(({ flags, value }) =>
    value === undefined ? [] : `        ${flags.join(" | ")}) values="${writeValues(value)}" ;;`,
  );
  return [
    `    "${after}")`,
    `      words="${words}"`,
    ...(taking.length === 0 ? [] : [`      case "$previous" in`, ...taking, "      esac"]),
    "      ;;",
  ].join("\n");
}

function writeValues(value: "any" | "file" | readonly string[]): string {
  return typeof value === "string" ? `<${value}>` : value.join(" ");
}
