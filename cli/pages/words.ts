import { chinese } from './words-zh.ts'
import { english } from './words-en.ts'

export type { Words } from './words-en.ts'

/** By the tag of `--lang`. */
export const languages = { en: english, zh: chinese } as const

export type Language = keyof typeof languages

/** As the environment of a terminal names it: Chinese where that is set, or else English. */
export function languageOf({
  LC_ALL,
  LC_MESSAGES,
  LANG,
}: Readonly<Record<string, string | undefined>>): Language {
  return [LC_ALL, LC_MESSAGES, LANG].find((set) => set !== undefined && set !== '')?.startsWith('zh')
    ? 'zh'
    : 'en'
}
