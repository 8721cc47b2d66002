export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = "klipstream.theme";

export function readTheme(): Theme {
  const stored = localStorage.getItem(STORAGE_KEY);
  return THEMES.find((theme) => theme === stored) ?? "system";
}

/** Shows a theme, and keeps it for the next visit. */
export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  localStorage.setItem(STORAGE_KEY, theme);
  dispatchEvent(new Event("themechange"));
}

/** Calls back whenever other colours apply, for what draws on a canvas. */
export function onThemeChange(listener: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  addEventListener("themechange", listener);
  system.addEventListener("change", listener);
  return () => {
    removeEventListener("themechange", listener);
    system.removeEventListener("change", listener);
  };
}

/** What a colour of the style sheet is now, as a canvas takes it. */
export function themeColor(name: `--color-${string}`): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
