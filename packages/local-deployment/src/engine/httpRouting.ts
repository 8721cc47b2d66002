import type { ComponentPath } from "../documents/componentTables.ts";
import type { HttpMount } from "./engineCode.ts";

type Route = [path: string, method: string, ...rest: unknown[]];
type Router = { getRoutes: () => Route[] };

/**
 * Which mounted child answers an HTTP path: not where the own routes have the exact path or a longer prefix.
 *
 * @param http the default export of the own `http.ts`, if there is one.
 * @returns the child with what is left of the path there, or null if it is for the own routes.
 */
export function findHttpMount(
  mounts: readonly HttpMount[],
  http: unknown,
  { path, method }: { path: string; method: string },
): { child: ComponentPath; path: string } | null {
  const mount = mounts
    .filter(({ prefix }) => path.startsWith(prefix))
    .sort((a, b) => b.prefix.length - a.prefix.length)[0];
  if (mount === undefined) return null;
  const routes = (http as Router | undefined)?.getRoutes() ?? [];
  const asked = method === "HEAD" ? "GET" : method;
  const isCloser = ([own, ownMethod]: Route) => {
    if (ownMethod !== asked) return false;
    if (!own.endsWith("/*")) return own === path;
    const prefix = own.slice(0, -1);
    return path.startsWith(prefix) && prefix.length > mount.prefix.length;
  };
  if (routes.some(isCloser)) return null;
  return { child: mount.child, path: path.slice(mount.prefix.length - 1) };
}
