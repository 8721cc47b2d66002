/** The examples under a command's `--help`: each a command line and what it does. */
export function examples(...lines: readonly [command: string, does: string][]): string {
  return `\nExamples:\n${lines.map(([command, does]) => `  $ ${command}\n      ${does}`).join("\n")}`;
}
