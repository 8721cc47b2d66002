import { validate } from "../documents/validate.ts";
import type { ValidatorJson } from "../documents/validatorJson.ts";
import { badRequest } from "../requestError.ts";
import type { EnvVarDeclaration } from "./pushFormats.ts";

/**
 * Checks the deployment's variables against what `convex.config.ts` declares.
 *
 * @throws RequestError 400, whose text the CLI reads the missing names from.
 */
export function checkVariables(
  declarations: readonly EnvVarDeclaration[],
  env: Record<string, string>,
): void {
  const missing = declarations.filter(
    ([name, { optional }]) => optional !== true && env[name] === undefined,
  );
  if (missing.length > 0)
    throw badRequest(
      "MissingEnvironmentVariables",
      `Hit an error while pushing:\nRequired environment variables are not set: ${missing.map(([name]) => name).join(", ")}. Set them in the Convex dashboard or CLI before pushing.`,
    );
  for (const [name, { value }] of declarations) {
    if (env[name] === undefined) continue;
    const problem = validate(JSON.parse(value) as ValidatorJson, env[name]);
    if (problem !== null)
      throw badRequest(
        "InvalidEnvironmentVariableValue",
        `Hit an error while pushing:\nThe value of the environment variable ${name} is not what convex.config.ts declares: ${problem}`,
      );
  }
}
