import { Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";

import { buttonClass } from "../ui/Button.tsx";
import { applyTheme, readTheme, type Theme, THEMES } from "./theme.ts";

const ICONS = { system: Monitor, light: Sun, dark: Moon };
const NAMES = { system: "as the system", light: "light", dark: "dark" };

/** Goes through the three themes. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(readTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  const Icon = ICONS[theme];
  return (
    <button
      type="button"
      className={`${buttonClass("quiet")} px-2`}
      aria-label={`Theme: ${NAMES[theme]}. Change to ${NAMES[next]}.`}
      title={`Theme: ${NAMES[theme]}`}
      onClick={() => {
        applyTheme(next);
        setTheme(next);
      }}
    >
      <Icon aria-hidden="true" className="size-4" />
    </button>
  );
}
