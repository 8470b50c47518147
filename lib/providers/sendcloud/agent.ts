import { oneLine } from '../../core/text.ts'

/** `Chrome 120 on Windows 10 11, from 203.0.113.9`, as far as reported; what is not is empty. */
export function agentText({
  browser,
  system,
  ip,
}: {
  readonly browser: string
  readonly system: string
  readonly ip: string
}): string {
  const agent = oneLine(`${browser} ${system && `on ${system}`}`)
  return [agent, ip && `from ${ip}`].filter((part) => part !== '').join(', ')
}
