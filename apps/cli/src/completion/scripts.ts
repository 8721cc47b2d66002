import { quote } from "../output/text.ts";
import type { Choice, CompletionNode } from "./describeProgram.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The completion script of one shell. It holds the whole tree, so completing starts no program. */
export function completionScript(shell: Shell, nodes: readonly CompletionNode[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](nodes);
}

/** The words that lead to a command, as patterns of a `case`. */
function pathPatterns(nodes: readonly CompletionNode[]): string {
  return nodes
    .filter(({ path }) => path !== "")
    .map(({ path }) => quote(path))
    .join("|");
}

function bashScript(nodes: readonly CompletionNode[]): string {
  return `# klipstream completion for bash; load it with: source <(klipstream completion bash)
_klipstream() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path="" next word i
  local -a words=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} == -- ]] && return
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in ${pathPatterns(nodes)}) path=$next ;; esac
  done
  case "$path $previous" in
${optionCases(nodes, "", (values) => `words=(${values.map(quote).join(" ")})`)}
    *) case "$path" in
${nodes
  .map((node) => `      ${quote(node.path)}) words=(${offered(node).map(quote).join(" ")}) ;;`)
  .join("\n")}
    esac ;;
  esac
  for word in "\${words[@]}"; do
    [[ $word == "\${current//\\\\/}"* ]] && COMPREPLY+=("$(printf %q "$word")")
  done
}
complete -o default -F _klipstream klipstream
`;
}

function zshScript(nodes: readonly CompletionNode[]): string {
  return `#compdef klipstream
# klipstream completion for zsh; load it with: source <(klipstream completion zsh)
_klipstream() {
  local current_path="" next i
  for ((i = 2; i < CURRENT; i++)); do
    if [[ $words[i] == -- ]]; then _normal; return; fi
    next="\${current_path:+$current_path }$words[i]"
    case "$next" in (${pathPatterns(nodes)}) current_path=$next ;; esac
  done
  case "$current_path $words[CURRENT-1]" in
${optionCases(nodes, "(", (values) => `compadd -- ${values.map(quote).join(" ")}`)}
    (*) case "$current_path" in
${nodes.map((node) => `      (${quote(node.path)}) ${zshOffers(node)} ;;`).join("\n")}
    esac ;;
  esac
}
compdef _klipstream klipstream
`;
}

function zshOffers(node: CompletionNode): string {
  const described = node.words.map(({ word, summary }) =>
    quote(`${word.replaceAll(":", "\\:")}:${summary}`),
  );
  const values = node.values.length === 0 ? "" : `; compadd -- ${node.values.map(quote).join(" ")}`;
  return `local -a offers=(${described.join(" ")}); _describe klipstream offers${values}`;
}

function fishScript(nodes: readonly CompletionNode[]): string {
  const lines = nodes.flatMap((node) => {
    const at = `-n ${quote(`__klipstream_at ${node.path}`.trim())}`;
    const valuesOf = new Map(node.optionValues.map(({ option, values }) => [option, values]));
    return [
      ...node.words.map((choice) => fishWord(at, choice, valuesOf.get(choice.word))),
      ...node.values.map((value) => `complete -c klipstream ${at} -a ${quote(quote(value))}`),
    ];
  });
  return `# klipstream completion for fish; load it with: klipstream completion fish | source
function __klipstream_at
    set -l path
    for word in (commandline -opc)[2..-1]
        test "$word" = --; and return 1
        set -l next $path $word
        switch "$next"
            case ${nodes
              .filter(({ path }) => path !== "")
              .map(({ path }) => quote(path))
              .join(" ")}
                set path $next
        end
    end
    test "$path" = "$argv"
end
complete -c klipstream -f
${lines.join("\n")}
`;
}

function fishWord(at: string, { word, summary }: Choice, values: readonly string[] = []): string {
  const description = `-d ${quote(summary)}`;
  if (!word.startsWith("--"))
    return `complete -c klipstream ${at} -a ${quote(word)} ${description}`;
  const known = values.length === 0 ? "" : ` -x -a ${quote(values.map(quote).join(" "))}`;
  return `complete -c klipstream ${at} -l ${word.slice(2)} ${description}${known}`;
}

/** One `case` for each option with known values: \`path --option\`. */
function optionCases(
  nodes: readonly CompletionNode[],
  open: "" | "(",
  action: (values: readonly string[]) => string,
): string {
  return nodes
    .flatMap(({ path, optionValues }) =>
      optionValues.map(
        ({ option, values }) => `    ${open}${quote(`${path} ${option}`)}) ${action(values)} ;;`,
      ),
    )
    .join("\n");
}

function offered({ words, values }: CompletionNode): string[] {
  return [...words.map(({ word }) => word), ...values];
}
