/** Names used in mail and by Chinese systems that the Encoding standard lacks. */
const standardNames: ReadonlyMap<string, string> = new Map([
  ...['cp936', 'ms936', 'windows-936', 'euc-cn', 'cn-gb'].map((name) => [name, 'gbk'] as const),
  ...['cp950', 'ms950', 'windows-950'].map((name) => [name, 'big5'] as const),
  ...['cp949', 'ms949', 'uhc'].map((name) => [name, 'euc-kr'] as const),
  ...['cp932', 'ms932'].map((name) => [name, 'shift_jis'] as const),
  // ASCII is valid UTF-8; the standard would read it as windows-1252.
  ...['us-ascii', 'ascii'].map((name) => [name, 'utf-8'] as const),
])

/** Decodes one charset. */
export interface Decoder {
  /** The standard's name, in lower case. */
  readonly encoding: string
  /** Throws TypeError if the bytes are not valid. */
  decode(bytes: Uint8Array): string
}

/** The decoder of a charset by any of its names; `undefined` if it is unknown. */
export function decoderNamed(label: string): Decoder | undefined {
  const name = label.trim().toLowerCase()
  try {
    return new TextDecoder(standardNames.get(name) ?? name, { fatal: true })
  } catch {
    return undefined
  }
}
