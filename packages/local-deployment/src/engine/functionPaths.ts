import { badRequest } from "../requestError.ts";

const SEGMENT = /^[A-Za-z0-9_.]{1,64}$/;

/**
 * The one spelling of a function's path: `items`, `items.js:default` and `items:default` are all `items:default`.
 *
 * @throws RequestError `BadConvexFunctionIdentifier` if no function can have that path.
 */
export function canonicalFunctionPath(path: string): string {
  const [module = "", exportName = "default", ...rest] = path.split(":");
  const segments = module.replace(/\.js$/, "").split("/");
  if (rest.length > 0 || ![...segments, exportName].every((segment) => SEGMENT.test(segment)))
    throw badRequest(
      "BadConvexFunctionIdentifier",
      `${path} is not a valid path to a Convex function. Use module:export, for example messages:list.`,
    );
  return `${segments.join("/")}:${exportName}`;
}

/** `items:default` is printed as `items`, as Convex does. */
export function displayFunctionPath(canonical: string): string {
  return canonical.replace(/:default$/, "");
}
