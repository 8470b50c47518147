import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Command } from 'commander'
import { registerToken } from '../../cli/token.ts'
import { isAcceptedToken } from '../../lib/ingest/token-digest.ts'

let printed: string
beforeEach(() => {
  printed = ''
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
})
afterEach(() => {
  jest.restoreAllMocks()
})

async function newToken(...options: readonly string[]): Promise<string> {
  const program = new Command()
  registerToken(program)
  printed = ''
  await program.parseAsync(['token', 'new', ...options], { from: 'user' })
  return printed
}

describe('a new token', () => {
  it('is 192 bits of letters and digits, and comes with its SHA-256', async () => {
    const [, token, digest] = /^token {3}([0-9a-f]{48})\ndigest {2}([0-9a-f]{64})\n/.exec(await newToken())!
    expect(digest).toBe(createHash('sha256').update(token!).digest('hex'))
    expect(isAcceptedToken(token!, [digest!])).toBe(true)
  })

  it('comes with where each goes', async () => {
    expect(await newToken()).toMatch(
      /\n\nThe token is the end of the callback URL, https:\/\/<host>\/tencent-ses\/<token>, and goes nowhere else: keep it as a password\.\nThe digest is put by `npx ledger parameter put CALLBACK_TOKEN_SHA256`, or without AWS is the variable CALLBACK_TOKEN_SHA256; while an old token is being replaced, behind its digest and a comma\.\n$/,
    )
  })

  it('of one path comes with where its digest goes, and what it opens', async () => {
    const reported = await newToken('--for', 'sendcloud')
    expect(reported).toContain('https://<host>/sendcloud/<token>, and goes nowhere else')
    expect(reported).toContain('`npx ledger parameter put CALLBACK_TOKEN_SHA256_SENDCLOUD`')
    expect(reported).toMatch(
      /\nOnce that is deployed it opens \/sendcloud alone, and the token of all opens \/sendcloud no more\.\n$/,
    )
  })

  it('of the query API comes with how it is sent, and where its digest goes', async () => {
    const reported = await newToken('--for', 'query')
    expect(reported).toContain('as `Authorization: Bearer <token>`, never in a URL')
    expect(reported).toContain('`npx ledger parameter put QUERY_TOKEN_SHA256`')
    expect(reported).toMatch(/it opens the query API alone, and no callback URL\.\n$/)
  })

  it('is another one each time, and JSON where that is asked for', async () => {
    const tokens = [JSON.parse(await newToken('--json')), JSON.parse(await newToken('--json'))] as {
      token: string
    }[]
    for (const token of tokens) {
      expect(token).toEqual({
        token: expect.stringMatching(/^[0-9a-f]{48}$/),
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
    }
    expect(tokens[0]!.token).not.toBe(tokens[1]!.token)
  })
})
