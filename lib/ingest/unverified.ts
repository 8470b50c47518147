/** What is wrong with a body of which nobody proved who sent it, as a person reads it. */
export function unverifiedLine(reason: 'unsigned' | 'forged', keySetting: string): string {
  return reason === 'unsigned'
    ? 'signature: expected one, got none'
    : `signature: expected one by ${keySetting}, got one that no known key made`
}
