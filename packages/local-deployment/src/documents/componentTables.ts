/** The path of a component: the names of its mounts, `waitlist/emails`, or `""` for the app itself. */
export type ComponentPath = string;

/** The name under which the store keeps a table: components may have tables of the same name. */
export function qualifiedTable(component: ComponentPath, table: string): string {
  return component === "" ? table : `${component}:${table}`;
}

/** The component and the name of a table that the store knows. */
export function splitTable(qualified: string): { component: ComponentPath; table: string } {
  const at = qualified.indexOf(":");
  return { component: qualified.slice(0, Math.max(at, 0)), table: qualified.slice(at + 1) };
}
