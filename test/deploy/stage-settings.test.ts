import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from '@jest/globals'
import * as v from 'valibot'
import { parse } from 'yaml'
import { deploymentEntries, problemsOf } from '../../deploy/stage-settings.ts'
import { ingestEntries, ownTokenEntries, queryEntries, reconcileEntries } from '../../lib/runtime/config.ts'
import { providers } from '../../lib/providers/registry.ts'

const serverlessYaml = v.object({ params: v.object({ default: v.record(v.string(), v.unknown()) }) })
const text = readFileSync(new URL('../../serverless.yml', import.meta.url), 'utf8')
const usual = v.parse(serverlessYaml, parse(text, { logLevel: 'silent' })).params.default

const environments = {
  ingest: {
    TABLE_PREFIX: 'delivery-ledger-prod',
    CALLBACK_TOKEN_SHA256: 'ab'.repeat(32),
    RETENTION_DAYS: '400',
  },
  reconcile: { TABLE_PREFIX: 'delivery-ledger-prod', SES_POLL: 'on', RETENTION_DAYS: '400' },
}

function problems(
  given: Readonly<Record<string, unknown>>,
  ofIngest = {},
  ofReconcile = {},
): readonly string[] {
  const { ingest, reconcile } = environments
  return problemsOf({
    usual,
    given,
    environments: { ingest: { ...ingest, ...ofIngest }, reconcile: { ...reconcile, ...ofReconcile } },
    region: 'ap-southeast-1',
    ...named('prod'),
  })
}

function named(stage: string) {
  return {
    stage,
    functionNames: [`delivery-ledger-${stage}-ingest`, `delivery-ledger-${stage}-reconcile`],
  }
}

describe('the settings of a stage', () => {
  it('are good as serverless.yml has them', () => {
    expect(problems({})).toEqual([])
  })

  it('are each parsed by the functions, or checked before a deploy', () => {
    const variables = Object.keys({
      ...ingestEntries,
      ...ownTokenEntries(providers),
      ...reconcileEntries,
      ...queryEntries,
    }).filter((name) => name !== 'TABLE_PREFIX')
    const ofFunctions = variables.map((name) =>
      name.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    )
    expect(Object.keys(usual).sort()).toEqual([...ofFunctions, ...Object.keys(deploymentEntries)].sort())
  })

  it('do not deploy where a name is misspelt', () => {
    expect(problems({ retentionDay: 90 })).toEqual([
      expect.stringMatching(
        /^There is no setting retentionDay\. There are: callbackTokenSha256, .*retentionDays, /,
      ),
    ])
  })

  it('do not deploy where the functions would refuse them, and are named as they are set', () => {
    expect(
      problems({}, { RETENTION_DAYS: 'ninety' }, { RETENTION_DAYS: 'ninety', SES_REGION: 'nowhere!' }),
    ).toEqual([
      'retentionDays: expected a number of days from 1 to 3650',
      'sesRegion: expected a region such as ap-guangzhou, or several separated by commas',
    ])
  })

  it.each([
    ['on', '31', []],
    ['on', '30', ['retentionDays: expected 31 days or more while the poll is on, since it reaches back 30']],
    ['off', '30', []],
  ])('with the poll %s deploy with rows that stay %s days: %j', (poll, days, expected) => {
    const ofReconcile = { SES_POLL: poll, RETENTION_DAYS: days }
    expect(problems({}, { RETENTION_DAYS: days }, ofReconcile)).toEqual(expected)
  })

  it('do not deploy a token in the place of its digest, and do not repeat it', () => {
    expect(problems({}, { CALLBACK_TOKEN_SHA256: 'hunter2' })).toEqual([
      'callbackTokenSha256: expected SHA-256 digests of 64 hex digits, separated by a comma',
    ])
  })

  it.each([
    ['not-put', 'There is no parameter /delivery-ledger-prod/CALLBACK_TOKEN_SHA256 in ap-southeast-1.'],
    [
      'not-read',
      'The parameter /delivery-ledger-prod/CALLBACK_TOKEN_SHA256 cannot be read in ap-southeast-1',
    ],
  ])('do not deploy while the digest is %s', (digest, expected) => {
    expect(problems({}, { CALLBACK_TOKEN_SHA256: digest })).toEqual([expect.stringContaining(expected)])
  })

  it('do not deploy while nobody knows whether a path has a token of its own', () => {
    expect(
      problems({}, { CALLBACK_TOKEN_SHA256_SENDCLOUD: '', CALLBACK_TOKEN_SHA256_SENT: 'not-read' }),
    ).toEqual([
      'The parameter /delivery-ledger-prod/CALLBACK_TOKEN_SHA256_SENT cannot be read in ap-southeast-1: it takes credentials that may ssm:GetParameter. Set CALLBACK_TOKEN_SHA256_SENT in this shell, empty where that path has no token of its own, or mind --stage and AWS_REGION.',
    ])
  })

  it('do not deploy where a digest of one path is none', () => {
    expect(problems({}, { CALLBACK_TOKEN_SHA256_SENDCLOUD: 'hunter2' })).toEqual([
      'callbackTokenSha256Sendcloud: expected SHA-256 digests of 64 hex digits, separated by a comma',
    ])
  })

  describe('where the query API is on', () => {
    const problemsOfQuery = (QUERY_TOKEN_SHA256: string, BLOCKLIST_DAYS = '14') => {
      const query = { ...environments.ingest, QUERY_TOKEN_SHA256, BLOCKLIST_DAYS }
      const region = 'ap-southeast-1'
      return problemsOf({
        usual,
        given: {},
        environments: { ...environments, query },
        region,
        ...named('prod'),
      })
    }

    it.each([
      [
        'not-put',
        "There is no parameter /delivery-ledger-prod/QUERY_TOKEN_SHA256 in ap-southeast-1. The query API is on (queryApi): put its token's digest by `npx ledger parameter put QUERY_TOKEN_SHA256`, or mind --stage and AWS_REGION.",
      ],
      ['', 'queryTokenSha256: is not set'],
      ['hunter2', 'queryTokenSha256: expected SHA-256 digests of 64 hex digits, separated by a comma'],
    ])('do not deploy without the digest of its token: %j', (digest, expected) => {
      expect(problemsOfQuery(digest)).toEqual([expected])
    })

    it('deploy with one digest, and with two', () => {
      expect(problemsOfQuery('ab'.repeat(32))).toEqual([])
      expect(problemsOfQuery(`${'ab'.repeat(32)},${'cd'.repeat(32)}`)).toEqual([])
      expect(problemsOfQuery('ab'.repeat(32), 'soon')).toEqual([
        'blocklistDays: expected a number of days from 0 to 3650',
      ])
    })
  })

  it.each([
    'X-Order',
    'X-Tencentcloudses-Cb-',
    'SC-Custom-Order;X-Tencentcloudses-Cb-Order',
    'SC-Custom-Order,',
    'SC-Custom-Order, my order',
  ])('do not deploy the header %j, which no provider reports back', (CORRELATION_HEADER) => {
    expect(problems({}, { CORRELATION_HEADER })).toEqual([
      'correlationHeader: expected headers that a provider reports back, X-Tencentcloudses-Cb-… or SC-Custom-…, separated by commas',
    ])
  })

  it('deploy headers of both providers', () => {
    const ids = {
      CORRELATION_HEADER: 'X-Tencentcloudses-Cb-Order, sc-custom-order',
      RFC_MESSAGE_ID_INDEX: 'on',
    }
    expect(problems({}, ids, ids)).toEqual([])
    expect(problems({}, { RFC_MESSAGE_ID_INDEX: 'yes' })).toEqual(['rfcMessageIdIndex: expected on or off'])
  })

  it.each([
    [{ queryApi: 'yes' }, 'queryApi: expected on or off'],
    [{ queryConcurrency: 0 }, 'queryConcurrency: expected a whole number from 1 to 1000, or none'],
    [{ alarms: 'yes' }, 'alarms: expected on or off'],
    [{ alarmEmail: 'nobody' }, 'alarmEmail: expected an e-mail address, or nothing'],
    [{ quietHours: '200' }, 'quietHours: expected hours from 1 to 168'],
    [{ ingestConcurrency: 0 }, 'ingestConcurrency: expected a whole number from 1 to 1000, or none'],
    [{ ingestConcurrency: 'foo' }, 'ingestConcurrency: expected a whole number from 1 to 1000, or none'],
    [
      { bounceWindowSeconds: 5_000 },
      'bounceWindowSeconds: expected seconds, a multiple of 3600 and at most 604800',
    ],
    [{ bounceRatePercent: '5 %' }, 'bounceRatePercent: expected a number from 0 to 100'],
    [{ missedRuns: 1.5 }, 'missedRuns: expected a whole number from 1 to 288'],
    [{ tableDeletionPolicy: 'Keep' }, 'tableDeletionPolicy: expected Retain or Delete'],
  ])('do not deploy %j', (given, expected) => {
    expect(problems(given)).toEqual([expected])
  })

  it('deploy as numbers and as text', () => {
    expect(
      problems({
        quietHours: '48',
        ingestConcurrency: 'none',
        bounceRatePercent: '2.5',
        deletionProtection: 'false',
      }),
    ).toEqual([])
  })
})

describe('the name of a stage', () => {
  const problemsOfStage = (stage: string) =>
    problemsOf({ usual, given: {}, environments, region: 'ap-southeast-1', ...named(stage) })

  it('has room for the names of its functions, which have 64 characters at most', () => {
    expect(problemsOfStage('a23456789b23456789c23456789d23456789e2')).toEqual([])
    expect(problemsOfStage('a23456789b23456789c23456789d23456789e23')).toEqual([
      "stage: expected at most 38 characters, since a function's name is made of it and has at most 64; a23456789b23456789c23456789d23456789e23 has 39",
    ])
  })

  it("is not that of another stage's tables, or of the local stack", () => {
    expect(problemsOfStage('prod-data')).toEqual([
      'stage: expected a name that does not end in -data: the tables of the stage prod stand in the stack that prod-data would have',
    ])
    expect(problemsOfStage('local')).toEqual([
      'stage: expected another name than local, which means the local stack to `npx ledger`',
    ])
  })
})

describe('the concurrency that a function reserves', () => {
  const { ofIngest, ofQuery } = createRequire(import.meta.url)(
    '../../deploy/reserved-concurrency.cjs',
  ) as Record<
    'ofIngest' | 'ofQuery',
    (variables: { resolveVariable: (name: string) => Promise<unknown> }) => Promise<number | null>
  >

  // serverless stops at anything else before the setting is looked at, and names it by no name of ours.
  it.each([
    [20, 20],
    ['5', 5],
    ['none', null],
    ['foo', null],
    ['1.5', null],
    ['', null],
    [0, null],
  ])('of the setting %j is %j', async (setting, expected) => {
    for (const [reserved, name] of [
      [ofIngest, 'param:ingestConcurrency'],
      [ofQuery, 'param:queryConcurrency'],
    ] as const) {
      const resolveVariable = (asked: string) => Promise.resolve(asked === name ? setting : 1_000)
      expect(await reserved({ resolveVariable })).toBe(expected)
    }
  })
})
