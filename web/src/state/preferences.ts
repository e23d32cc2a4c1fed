// What a visitor chose once and expects to find again: language, theme, shortcuts, and the name under which changes are made.
import { languages, preferredLanguage, type Language } from '../i18n/index.svelte';
import type { Theme } from './view';

const keys = {
  language: 'gridweave.language',
  theme: 'gridweave.theme',
  shortcuts: 'gridweave.shortcuts',
  author: 'gridweave.author'
};

/** Storage may be switched off by policy; then nothing is remembered and everything works. */
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Not remembered.
  }
}

export function startLanguage(): Language {
  const chosen = read(keys.language);
  if ((languages as readonly (string | null)[]).includes(chosen)) return chosen as Language;
  return preferredLanguage(navigator.languages);
}

export function startTheme(): Theme {
  const chosen = read(keys.theme);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function startShortcuts(): boolean {
  return read(keys.shortcuts) !== 'off';
}

export function rememberLanguage(language: Language): void {
  write(keys.language, language);
}

export function rememberTheme(theme: Theme): void {
  write(keys.theme, theme);
}

export function rememberShortcuts(on: boolean): void {
  write(keys.shortcuts, on ? 'on' : 'off');
}

export function startAuthor(): string {
  return read(keys.author) ?? '';
}

export function rememberAuthor(author: string): void {
  write(keys.author, author);
}
