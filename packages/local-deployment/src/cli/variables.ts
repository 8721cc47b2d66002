import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Gathers `NAME=VALUE` options into one object. */
export function collectVariable(
  option: string,
  previous: Record<string, string>,
): Record<string, string> {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(option) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Use NAME=VALUE.");
  return { ...previous, [name]: value };
}
