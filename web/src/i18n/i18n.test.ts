import { describe, expect, it } from 'vitest';
import { deskDictionaries } from '../desk/texts/index.svelte';
import { dictionaries, preferredLanguage } from './index.svelte';

/** Every path to a text, with the number of parameters it takes. */
function shape(value: unknown, path = ''): string[] {
  if (typeof value === 'function') return [`${path}(${value.length})`];
  if (typeof value === 'string') return [path];
  return Object.entries(value as object).flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
}

function texts(value: unknown): string[] {
  if (typeof value === 'function') return [value('1', '2', '3')];
  if (typeof value === 'string') return [value];
  return Object.values(value as object).flatMap(texts);
}

describe.each([
  ['page', dictionaries, ['中文']],
  ['desk', deskDictionaries, []]
])('dictionaries of the %s', (_, dictionaries, named) => {
  it('have the same keys and parameters', () => {
    expect(shape(dictionaries.en).sort()).toEqual(shape(dictionaries['zh-Hans']).sort());
  });

  it('leave nothing empty', () => {
    for (const dictionary of Object.values(dictionaries)) {
      expect(texts(dictionary).filter((text) => text.trim() === '')).toEqual([]);
    }
  });

  it('keep Chinese out of the English texts, apart from the names of languages', () => {
    expect(texts(dictionaries.en).filter((text) => /[\u4e00-\u9fff]/.test(text))).toEqual(named);
  });
});

describe('preferredLanguage', () => {
  it.each([
    [['zh-CN', 'en'], 'zh-Hans'],
    [['en-GB', 'zh'], 'en'],
    [['fr', 'en-US'], 'en'],
    [['fr'], 'zh-Hans'],
    [[], 'zh-Hans']
  ])('%j -> %s', (wanted, language) => {
    expect(preferredLanguage(wanted)).toBe(language);
  });
});
