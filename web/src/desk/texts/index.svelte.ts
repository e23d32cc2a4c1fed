// The desk's own dictionaries; they come down with the desk.
import { i18n, type Language, type Widened } from '../../i18n/index.svelte';
import { en } from './en';
import { zh } from './zh';

export type DeskMessages = Widened<typeof zh>;

export const deskDictionaries: Record<Language, DeskMessages> = { 'zh-Hans': zh, en };

class DeskTexts {
  readonly t = $derived(deskDictionaries[i18n.language]);
}

export const texts = new DeskTexts();
