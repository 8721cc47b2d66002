import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { VIDEO_STATUSES } from "@klipstream/contract";

/** What may stand at one place of the command line. */
export type Choice = { word: string; summary: string };

/** What a shell needs to know of one command, by its path (`key create`; empty for the program itself). */
export type CompletionNode = {
  path: string;
  /** Its sub-commands and options. */
  words: Choice[];
  /** The values of its arguments, where they are known. */
  values: readonly string[];
  /** The values of its options that have known ones, by option. */
  optionValues: { option: string; values: readonly string[] }[];
};

/**
 * Reads a command and all below it.
 *
 * @param path - The names that lead to it; none for the program itself.
 */
export function describeProgram(
  command: CommandUnknownOpts,
  path: readonly string[] = [],
): CompletionNode[] {
  const options = command.createHelp().visibleOptions(command);
  const node: CompletionNode = {
    path: path.join(" "),
    words: [
      ...command.commands.map((child) => ({ word: child.name(), summary: child.summary() })),
      ...options.flatMap(({ long, description }) =>
        long == null ? [] : [{ word: long, summary: description }],
      ),
    ],
    values: command.registeredArguments.flatMap((argument) =>
      valuesOf(argument.name(), argument.argChoices),
    ),
    optionValues: options.flatMap((option) => {
      const values = valuesOf(/<([^>]+)>/.exec(option.flags)?.[1] ?? "", option.argChoices);
      return option.long == null || values.length === 0 ? [] : [{ option: option.long, values }];
    }),
  };
  const children = command.commands.flatMap((child) =>
    describeProgram(child, [...path, child.name()]),
  );
  return [node, ...children];
}

/** A value called `status` is one of the eight; others say their choices. */
function valuesOf(name: string, choices: readonly string[] | undefined): readonly string[] {
  return name === "status" ? VIDEO_STATUSES : (choices ?? []);
}
