/** One entry of a list: what its columns or its JSON object hold. */
export interface ListRecord {
  /** The line of the file on which it ends; of a JSON object, on which it begins. */
  readonly line: number
  /** By {@link fieldName}. */
  readonly fields: ReadonlyMap<string, string>
}

/** An entry that is not what its file promises. */
export interface UnreadRecord {
  readonly line: number
  readonly problem: string
}

/** The file as a whole cannot be read, and why; for the operator. */
export class UnreadableListError extends Error {}

/** The longest entry, in characters: one that is longer is a quote or a bracket that is not closed. */
export const maxRecordLength = 65_536

/** `Email Address`, `email_address` and `emailAddress` name one column. */
export function fieldName(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}
