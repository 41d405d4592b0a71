// Dark or light: the system's, until somebody chooses. public/theme.js sets what was chosen before the first paint.
import { useSyncExternalStore } from './store';

export type Theme = 'light' | 'dark';

const kept = 'ldt.theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

export function theme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'dark' || chosen === 'light') return chosen;
  return system.matches ? 'dark' : 'light';
}

function tell(): void {
  for (const listener of listeners) listener();
}
system.addEventListener('change', tell);

export function choose(next: Theme): void {
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(kept, next);
  } catch {
    // A browser that keeps nothing keeps the choice for this page.
  }
  tell();
}

export const useTheme = (): Theme =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, theme);

/** The value of a colour of styles/colours.css, as it is now. */
export const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
