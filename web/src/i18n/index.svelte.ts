import { en } from './en';
import { zh } from './zh';

/** The shape of a dictionary: the Chinese one, with every text widened to `string`. */
export type Messages = Widened<typeof zh>;

export type Widened<T> = {
  [K in keyof T]: T[K] extends (...parameters: infer P) => string
    ? (...parameters: P) => string
    : T[K] extends string
      ? string
      : Widened<T[K]>;
};

export const languages = ['zh-Hans', 'en'] as const;
export type Language = (typeof languages)[number];

export const dictionaries: Record<Language, Messages> = { 'zh-Hans': zh, en };

class I18n {
  language = $state<Language>('zh-Hans');
  /** The texts of the current language. */
  readonly t = $derived(dictionaries[this.language]);
  private readonly whole = $derived(new Intl.NumberFormat(this.language, { maximumFractionDigits: 0 }));
  private readonly tenths = $derived(new Intl.NumberFormat(this.language, { maximumFractionDigits: 1 }));

  number(value: number): string {
    return this.whole.format(value);
  }

  decimal(value: number): string {
    return this.tenths.format(value);
  }

  /** 41234.5 m² -> "4.1 ha"; small areas stay in square metres. */
  area(squareMetres: number): string {
    if (squareMetres >= 10_000) return this.t.hectares(this.tenths.format(squareMetres / 10_000));
    return this.t.squareMetres(this.whole.format(squareMetres));
  }

  metres(metres: number): string {
    return this.t.metres((metres < 100 ? this.tenths : this.whole).format(metres));
  }
}

export const i18n = new I18n();

/** The language to start in when the visitor has not chosen one. */
export function preferredLanguage(wanted: readonly string[]): Language {
  const first = wanted.find((tag) => /^(zh|en)\b/i.test(tag));
  return first !== undefined && /^en\b/i.test(first) ? 'en' : 'zh-Hans';
}
