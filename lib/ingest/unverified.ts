/** The problem of a body whose sender is not proved, for a person to read. */
export function unverifiedLine(reason: 'unsigned' | 'forged', keySetting: string): string {
  return reason === 'unsigned'
    ? 'signature: expected one, got none'
    : `signature: expected one by ${keySetting}, got one that no known key made`
}
