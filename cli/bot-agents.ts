import { isbot } from 'isbot'

const maxKnown = 10_000
const known = new Map<string, boolean>()

/** Whether a user agent is that of a robot of the web. Few agents are on most mails, so what was asked is kept. */
export function isBotAgent(agent: string): boolean {
  const found = known.get(agent)
  if (found !== undefined) return found
  if (known.size >= maxKnown) known.clear()
  const isBot = isbot(agent)
  known.set(agent, isBot)
  return isBot
}
