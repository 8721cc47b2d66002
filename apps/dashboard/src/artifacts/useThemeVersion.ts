import { useEffect, useState } from "react";

import { onThemeChange } from "../layout/theme.ts";

/** Another number whenever other colours apply: a canvas keeps those that it was drawn in. */
export function useThemeVersion(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => onThemeChange(() => setVersion((before) => before + 1)), []);
  return version;
}
