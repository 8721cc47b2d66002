import { badRequest } from "../requestError.ts";

export type EnvironmentChange = { name: string; value: string | null };

const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const LONGEST_NAME = 256;
const LARGEST_VALUE = 8 * 1024;
const MOST_VARIABLES = 1000;
const OWN_NAMES = new Set(["CONVEX_CLOUD_URL", "CONVEX_SITE_URL"]);

/**
 * The variables after a change; the given ones are left as they are.
 *
 * @throws RequestError 400 that says which name or value is not allowed.
 */
export function changedEnvironment(
  variables: Record<string, string>,
  changes: readonly EnvironmentChange[],
): Record<string, string> {
  const changed = new Map(Object.entries(variables));
  for (const { name, value } of changes) {
    checkName(name);
    if (value === null) changed.delete(name);
    else {
      if (Buffer.byteLength(value) > LARGEST_VALUE)
        throw badRequest(
          "EnvironmentVariableValueTooLarge",
          `The value of ${name} is larger than the limit of ${LARGEST_VALUE} bytes.`,
        );
      changed.set(name, value);
    }
  }
  if (changed.size > MOST_VARIABLES)
    throw badRequest("EnvVarLimitMet", `There can be at most ${MOST_VARIABLES} variables.`);
  return Object.fromEntries(changed);
}

function checkName(name: string): void {
  if (name.length > LONGEST_NAME)
    throw badRequest(
      "EnvironmentVariableNameTooLong",
      `The variable name ${name.slice(0, 40)}... is longer than the limit of ${LONGEST_NAME} characters.`,
    );
  if (!NAME.test(name))
    throw badRequest(
      "EnvironmentVariableNameInvalid",
      `The variable name ${JSON.stringify(name)} is invalid: use letters, digits and underscores, and begin with a letter or an underscore.`,
    );
  if (OWN_NAMES.has(name))
    throw badRequest(
      "EnvVarNameForbidden",
      `The variable name ${name} is reserved: the deployment sets it.`,
    );
}

/** The changes that set all of these variables. */
export function changesOf(env: Record<string, string>): EnvironmentChange[] {
  return Object.entries(env).map(([name, value]) => ({ name, value }));
}
