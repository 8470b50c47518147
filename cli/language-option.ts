import { Option } from 'commander'
import { languageOf, languages, type Language, type Words } from './pages/words.ts'

/** The option of every command that makes pages. */
export interface LanguageOption {
  readonly lang?: Language
}

/** `--lang <language>`. */
export function languageOption(): Option {
  return new Option('--lang <language>', "the pages' language (default: that of this terminal)").choices(
    Object.keys(languages),
  )
}

/** The words of the language that was asked for, or else of this terminal's. */
export function wordsOf({ lang = languageOf(process.env) }: LanguageOption): Words {
  return languages[lang]
}
